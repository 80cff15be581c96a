"""How much the environments of one user may occupy together by a policy, in bytes and in inodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from condatui_core.records.disk import Occupied
from condatui_core.records.policy import Policy, PolicyRule
from condatui_core.text import counted, format_bytes


class Limit(NamedTuple):
    """The most that a user may occupy, in one unit."""

    rule: PolicyRule
    most: int
    of: Callable[[Occupied], int]
    """How much of the unit is occupied."""
    words: Callable[[int], str]
    """So much of the unit, as people read it."""

    def beyond(self, together: Occupied) -> int:
        """By how much this is more than a user may occupy; 0 if it is not."""
        return max(self.of(together) - self.most, 0)

    def broken_by(self, together: Occupied) -> str:
        """Say how much is occupied and how much is allowed."""
        return f"occupies {self.words(self.of(together))}; the policy allows {self.words(self.most)}"


def limits_of_users(policy: Policy) -> tuple[Limit, ...]:
    """The limits that a policy sets on what each user occupies."""
    limits = []
    if (most := policy.max_bytes_per_user) is not None:
        limits.append(Limit("max_bytes_per_user", most, lambda together: together.bytes, format_bytes))
    if (most := policy.max_inodes_per_user) is not None:
        limits.append(Limit("max_inodes_per_user", most, lambda together: together.inodes, _inodes))
    return tuple(limits)


def _inodes(count: int) -> str:
    return counted(count, "inode")
