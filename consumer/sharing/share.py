"""One member's share of a group's cameras."""

import logging
from collections.abc import Callable

from ...common.address import CameraAddress
from .membership import Membership
from .rendezvous import assign

log = logging.getLogger("framefan")


class Share:
    """Tells which cameras this member serves now, and logs when that or the members change.

    What is lost is to be dropped at once and what is gained begun at once, without a word to other members: two serve
    the same camera for no longer than they see different members.

    Args:
        group: its name.
        membership: its members.
        cameras: returns the cameras of the group at the moment.
    """

    def __init__(self, group: str, membership: Membership, cameras: Callable[[], frozenset[CameraAddress]]) -> None:
        self._group = group
        self._membership = membership
        self._all = cameras
        self._seen: object = None
        self._members: tuple[str, ...] = ()
        self._mine: frozenset[CameraAddress] = frozenset()

    def cameras(self) -> frozenset[CameraAddress]:
        """Return the cameras that are this member's at the moment."""
        everything, members, me = self._all(), self._membership.members(), self._membership.me
        if (everything, members, me) != self._seen:
            self._seen = everything, members, me
            owners = assign([str(address) for address in everything], members, self._group)
            self._mine = frozenset(address for address in everything if owners.get(str(address)) == me)
            self._tell(everything, members, me)
        return self._mine

    def _tell(self, everything: frozenset[CameraAddress], members: tuple[str, ...], me: str) -> None:
        if members != self._members:
            self._members = members
            log.info("members of %s: %s", self._group, ", ".join(members))
        names = ", ".join(sorted(address.topic for address in self._mine)) or "nothing"
        counts = f"{len(self._mine)} of {len(everything)} cameras"
        if not members:
            log.info("serving nothing: the members of %s are not known yet", self._group)
        elif me not in members:
            log.warning("serving nothing: this host is none of the %d members of %s", len(members), self._group)
        else:
            log.info("serving %s (%s, member %s of %d)", names, counts, me, len(members))
