"""A network namespace with host names of its own, and addresses that never answer."""

import os
import shutil
import subprocess
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

DROPPING = ("2001:db8::9", "198.51.100.9")
"""Addresses that swallow every packet; of blocks that are reserved for documentation."""
UNROUTABLE = "203.0.113.9"
"""Where no way leads to."""

_numbers = count()


class Namespace:
    """A host on its own, for as long as its block lasts.

    Files below /etc/netns, which ip(8) puts in the place of those in /etc, hold its names.

    Raises:
        OSError: this needs root and the command ip, or is not permitted; the text says which.
    """

    def __init__(self) -> None:
        if shutil.which("ip") is None or os.geteuid() != 0:
            raise OSError("host names of our own need root and the command ip: apt-get install iproute2")
        self._name = f"framefan-names-{os.getpid()}-{next(_numbers)}"
        self._etc = Path("/etc/netns") / self._name
        self.within = ["ip", "netns", "exec", self._name]

    def name(self, *lines: str) -> None:
        """Let these be the lines of /etc/hosts: `127.0.0.1 localhost`."""
        (self._etc / "hosts").write_text("".join(f"{line}\n" for line in lines))

    def run(self, *words: str, within: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Run a command there to its end."""
        return subprocess.run([*self.within, *words], capture_output=True, text=True, timeout=within)

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._remove()

    def _make(self) -> None:
        _ip("netns", "add", self._name)
        self._etc.mkdir(parents=True)
        self.name()
        (self._etc / "nsswitch.conf").write_text("hosts: files\n")
        # A cable to a neighbour whose address nobody has: what is sent there is dropped.
        self._ip("link", "add", "void", "type", "veth", "peer", "name", "nowhere")
        self._ip("address", "add", "2001:db8::1/64", "dev", "void", "nodad")
        self._ip("address", "add", "198.51.100.1/24", "dev", "void")
        for link in ("lo", "void", "nowhere"):
            self._ip("link", "set", link, "up")
        for address in DROPPING:
            self._ip("neighbour", "add", address, "lladdr", "02:00:00:00:00:09", "dev", "void")

    def _remove(self) -> None:
        subprocess.run(["ip", "netns", "delete", self._name], capture_output=True)
        shutil.rmtree(self._etc, ignore_errors=True)

    def _ip(self, *words: str) -> None:
        _ip("-n", self._name, *words)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"network namespaces are not permitted here: ip {' '.join(words)}: {done.stderr.strip()}")
