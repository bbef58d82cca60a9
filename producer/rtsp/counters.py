"""What became of the packets of a stream."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What became of packets and pictures, since the start.

    Attributes:
        packets: all that came in.
        ignored: of another payload type, late, or duplicates.
        malformed: those that break the rules of RTP or of the codec.
        gaps: places where packets are missing.
        dropped: pictures given up because they, or one they build on, are incomplete.
    """

    packets: int = 0
    ignored: int = 0
    malformed: int = 0
    gaps: int = 0
    dropped: int = 0
