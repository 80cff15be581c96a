"""The commands that are asked of conda, as pure argument lists: one function a verb."""

from __future__ import annotations

CONFIG_KEYS = (
    "channel_alias",
    "custom_channels",
    "custom_multichannels",
    "default_channels",
    "envs_dirs",
    "pkgs_dirs",
)
"""What is read of a conda's configuration; every conda since 4.4 knows these."""


def version(executable: str) -> tuple[str, ...]:
    """Ask for the version; text, not JSON."""
    return (executable, "--version")


def env_list(executable: str) -> tuple[str, ...]:
    """List the environments. It may rewrite environments.txt: see `environments_txt`."""
    return (executable, "env", "list", "--json")


def show_config(executable: str) -> tuple[str, ...]:
    """Show how conda is configured, after all its files and variables; mamba has no such command."""
    return (executable, "config", "--show", *CONFIG_KEYS, "--json")


def mamba_info(executable: str) -> tuple[str, ...]:
    """Ask mamba or micromamba where it keeps its environments and packages."""
    return (executable, "info", "--json")


def root_prefix(executable: str) -> tuple[str, ...]:
    """Ask a conda for its root prefix, where the place of its executable does not tell."""
    return (executable, "config", "--show", "root_prefix", "--json")
