"""A subscriber that decodes nothing, and tells of every frame how old it was."""

import math
import sys

from framefan.consumer import Subscriber

from .processes import tell


def main() -> None:
    """Read frames until this process is ended."""
    with Subscriber(sys.argv[1], timeout=30) as subscriber:
        for frame in subscriber:
            tell(frame.age, math.nan, math.nan)


if __name__ == "__main__":
    main()
