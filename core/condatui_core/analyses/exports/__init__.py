"""What an environment holds, as text that conda can make it from again."""

from __future__ import annotations
