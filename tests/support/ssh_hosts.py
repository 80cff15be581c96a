"""A real sshd on the loopback that stands for many hosts: each key that it knows has a behaviour of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin")
_LISTENING = "Server listening on"


class CannotServeError(Exception):
    """Why there can be no sshd here."""


class SshHosts:
    """What ssh needs to reach the hosts."""

    def __init__(self, directory: Path, log: Path) -> None:
        self.config = directory / "ssh_config"
        self._log = log

    @property
    def options(self) -> str:
        """What `condatui fleet --ssh-options` is given."""
        return f"-F {shlex.quote(str(self.config))}"

    def sessions(self) -> int:
        """How many commands were begun."""
        return self._log.read_text().count("Starting session")


@contextmanager
def ssh_hosts(directory: Path, commands: Mapping[str, str]) -> Iterator[SshHosts]:
    """Serve hosts that do what is said of them, whatever they are asked; `dead` and `locked` let nobody in.

    What a host is asked is in `$SSH_ORIGINAL_COMMAND`. Raises CannotServeError where there is no sshd that runs.
    """
    if _SSHD is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        raise CannotServeError("there is no OpenSSH with an sshd")
    keys = directory / "authorized_keys"
    for host in (*commands, "locked", "server"):
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / f"{host}.key"), check=True)
    keys.write_text("".join(_authorized(directory, host, command) for host, command in commands.items()))
    port, dead = _free_port(), _free_port()
    server = directory / "sshd_config"
    settings = (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {directory}/server.key\nAuthorizedKeysFile {keys}\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin yes\nLogLevel VERBOSE\nMaxStartups 100\n"
    )
    hosts = SshHosts(directory, directory / "sshd.log")
    hosts.config.write_text(
        f"Host dead\n  Port {dead}\n"
        f"Host *\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {directory}/%n.key\n  IdentitiesOnly yes\n"
        f"  IdentityAgent none\n  UserKnownHostsFile {directory}/known\n  StrictHostKeyChecking accept-new\n"
        "  LogLevel ERROR\n"
    )
    for more in ("PerSourcePenalties no\n", ""):  # old ones know no penalties for who is not let in
        server.write_text(settings + more)
        tested = subprocess.run((_SSHD, "-t", "-f", server), capture_output=True, text=True, check=False)
        if tested.returncode == 0:
            break
    else:
        raise CannotServeError(f"sshd does not run here: {tested.stderr.strip()}")
    with hosts._log.open("w") as log:
        serving = subprocess.Popen((_SSHD, "-D", "-e", "-f", server), stderr=log, stdin=subprocess.DEVNULL)
    try:
        while _LISTENING not in hosts._log.read_text():
            if serving.poll() is not None:
                raise CannotServeError(f"sshd does not run here: {hosts._log.read_text().strip()}")
        yield hosts
    finally:
        serving.terminate()
        serving.wait()


def _authorized(directory: Path, host: str, command: str) -> str:
    quoted = command.replace('"', '\\"')
    return f'command="{quoted}",restrict {(directory / f"{host}.key.pub").read_text()}'


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def clean_environ(home: Path) -> dict[str, str]:
    """The variables of a user who has nothing but a PATH."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "CONDATUI_HOME": str(home / "own")}
