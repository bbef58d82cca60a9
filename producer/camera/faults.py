"""What can go wrong with a camera, on request."""

import math
from dataclasses import dataclass

REFUSALS = {"401": "DESCRIBE", "403": "DESCRIBE", "404": "DESCRIBE", "453": "SETUP", "503": "DESCRIBE"}
MUTE = {"mute-describe": "DESCRIBE", "mute-setup": "SETUP", "mute-play": "PLAY"}
KINDS = ("freeze", "close", "reset", "mute", *MUTE, *REFUSALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The faults that a client asked for; none by default.

    Attributes:
        fault: freeze (send nothing more, keep the connection), close (FIN), reset (RST), mute (answer nothing at
            all), mute-describe, mute-setup, mute-play (never answer that request), or a status: 401, 403, 404 and
            503 are answered to DESCRIBE, 453 to SETUP, as RFC 2326 has it.
        after: seconds until freeze, close or reset, counted from the first picture that this client was sent, and until
            resize or jump, counted from the first PLAY of the stream.
        lasting: seconds that a freeze lasts, in a query `for`.
        drop: fraction of the RTP packets that get lost, the same ones each time.
        cut: fraction of the RTP packets that lose their second half, the same ones each time.
        resize: the size that the picture changes to.
        jump: seconds that the timestamps jump, once; negative is back.
        midgop: start in the middle of a group of pictures instead of with a keyframe.
        novideo: offer sound only.
        timeout: seconds without a request after which a session is ended; by default it lives as its connection does.
        linger: seconds that a session outlives a connection that is lost without TEARDOWN, and counts.
    """

    fault: str | None = None
    after: float = 0.0
    lasting: float = math.inf
    drop: float = 0.0
    cut: float = 0.0
    resize: tuple[int, int] | None = None
    jump: float = 0.0
    midgop: bool = False
    novideo: bool = False
    timeout: float = math.inf
    linger: float = 0.0

    def mutes(self, method: str) -> bool:
        """Return whether a request of this method is never answered."""
        return self.fault == "mute" or (self.fault is not None and MUTE.get(self.fault) == method)

    def refuses(self, method: str) -> int | None:
        """Return the error status that a request of this method is answered with."""
        if self.fault is not None and REFUSALS.get(self.fault) == method:
            return int(self.fault)
        return None

    def freezes(self, playing: float) -> bool:
        """Return whether nothing is sent, `playing` seconds after the first frame."""
        return self.fault == "freeze" and self.after <= playing < self.after + self.lasting
