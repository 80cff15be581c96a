"""The keymaps to start from: for each, the actions that have other keys than condatui's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from condatui_core.settings import KeymapName

_VI: Mapping[str, str] = {
    "environments.mark": "space,v",
    "restore.mark": "space,v",
    "cleanup.choose": "space,v",
    "verify": "V",
    "list.page_down": "pagedown,ctrl+f",
    "environments.previous_tab": "[,H",
    "environments.next_tab": "],L",
    "restore.delete": "d,x,delete",
    "quit": "q,Z,ctrl+c",
}
"""What condatui has from vi anyway (`hjkl`, `g`, `G`, `ctrl+d`, `/`, `y`, `u`, `:`) is not repeated."""

_LAZYGIT: Mapping[str, str] = {
    "undo": "z",
    "environments.zoom": "+",
    "compare.zoom": "+",
    "reload": "R",
    "reload_all": "ctrl+r",
    "list.page_up": "pageup,comma",
    "list.page_down": "pagedown,full_stop",
    "list.first": "home,g,<",
    "list.last": "end,G,>",
    "list.left": "left,h,H",
    "list.right": "right,l,L",
    "compare.previous_reference": "{",
    "compare.next_reference": "}",
    "copy": "y,ctrl+o",
    "keys": "f2",
}

_K9S: Mapping[str, str] = {
    "remove": "ctrl+d",
    "restore.delete": "ctrl+d,delete",
    "list.half_page_down": "ctrl+f",
    "list.open": "enter,d",
    "gpu.cancel": "x,ctrl+k",
    "jobs.cancel": "x,ctrl+k",
    "reload": "r,ctrl+r",
    "shell": "s",
    "environments.sort": "S",
    "environments.reverse": "I",
    "compare.sort": "S",
    "compare.reverse": "I",
    "browse.sort": "S",
    "browse.reverse": "I",
    "nodes.sort": "S",
    "nodes.reverse": "I",
}

KEYMAPS: Mapping[KeymapName, Mapping[str, str]] = MappingProxyType(
    {"condatui": {}, "vi": _VI, "lazygit": _LAZYGIT, "k9s": _K9S}
)
"""By name: action id → keys. condatui's own are those of the registry."""
