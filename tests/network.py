"""Hosts in network namespaces, each with a cable to one in their middle, which also answers for their names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests import name_server

MIDDLE = "198.51.100.1"  # of a block that is reserved for documentation: it leads nowhere else


class Network:
    """A host in the middle and some around it, for as long as its block lasts.

    Files below /etc/netns, which ip(8) puts in the place of those in /etc, make the outer hosts ask the middle one for
    names; :attr:`name_server` has to be run there.

    Attributes:
        hosts: the addresses of the outer hosts.
        name_server: the command that answers every name with :attr:`names`; it prints a line when it does.

    Args:
        count: of outer hosts.
        directory: for a file.

    Raises:
        OSError: this needs root and the command ip, or is not permitted; the text says which.
    """

    def __init__(self, count: int, directory: Path) -> None:
        if shutil.which("ip") is None or os.geteuid() != 0:
            raise OSError("hosts on one machine need root and the command ip: apt-get install iproute2")
        self.hosts = [f"198.51.100.{number}" for number in range(11, 11 + count)]
        self._names = directory / "names"
        self._spaces = {host: f"framefan-{os.getpid()}-{host}" for host in (MIDDLE, *self.hosts)}
        self.name_server = [*self.on(MIDDLE), sys.executable, name_server.__file__, MIDDLE, str(self._names)]
        self.names = self.hosts

    @property
    def names(self) -> list[str]:
        """The addresses that every name has."""
        return self._names.read_text().split()

    @names.setter
    def names(self, addresses: list[str]) -> None:
        part = self._names.with_suffix(".part")
        part.write_text("\n".join(addresses))
        part.replace(self._names)

    def on(self, host: str) -> list[str]:
        """Return the words before a command that run it on a host."""
        return ["ip", "netns", "exec", self._spaces[host]]

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
        for space in self._spaces.values():
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
        middle = self._spaces[MIDDLE]
        for number, host in enumerate(self.hosts):
            space, cable = self._spaces[host], f"to{number}"
            _ip("-n", middle, "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", middle, "address", "add", MIDDLE, "peer", host, "dev", cable)
            _ip("-n", space, "address", "add", host, "peer", MIDDLE, "dev", "eth0")
            _ip("-n", middle, "link", "set", cable, "up")
            _ip("-n", space, "link", "set", "eth0", "up")
            etc = Path("/etc/netns") / space
            etc.mkdir(parents=True)
            (etc / "resolv.conf").write_text(f"nameserver {MIDDLE}\n")
            (etc / "nsswitch.conf").write_text("hosts: files dns\n")

    def _remove(self) -> None:
        for space in self._spaces.values():
            subprocess.run(["ip", "netns", "delete", space], capture_output=True)
            shutil.rmtree(Path("/etc/netns") / space, ignore_errors=True)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"network namespaces are not permitted here: ip {' '.join(words)}: {done.stderr.strip()}")
