"""What changes environments: one package an action, each with the same rooms (plan, perform, recover)."""

from __future__ import annotations
