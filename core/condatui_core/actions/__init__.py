"""The actions that change environments, each with the same parts: plan, perform, recover."""

from __future__ import annotations
