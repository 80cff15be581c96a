"""Build a sandbox: a real conda with real environments, for the demo, the tests, the screenshots and benchmarks."""

from __future__ import annotations

from condatui_sandbox.builder import build_sandbox
from condatui_sandbox.layout import Sandbox
from condatui_sandbox.scale import ScaleTree, build_scale
from condatui_sandbox.scale_specs import build_specs, parse_specs

__all__ = ["Sandbox", "ScaleTree", "build_sandbox", "build_scale", "build_specs", "parse_specs"]
