"""What others do wrong: counted, and logged once per peer."""

import logging

log = logging.getLogger("framefan")

_MOST_PEERS = 1000
"""Others are counted only: what a stranger can add to a log has an end."""


class Complaints:
    """Counts what was dropped, and logs the first of each peer.

    Attributes:
        count: of all that was dropped.
    """

    def __init__(self) -> None:
        self.count = 0
        self._peers: set[str] = set()

    def add(self, peer: str, what: object) -> None:
        """Take note that a peer has sent what is dropped."""
        self.count += 1
        if peer not in self._peers and len(self._peers) < _MOST_PEERS:
            self._peers.add(peer)
            log.warning("%s sends %s; such messages are dropped", peer, what)
