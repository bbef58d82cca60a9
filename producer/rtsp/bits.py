"""Bits of a coded unit (H.264, 7.2 and 9.1)."""

_LONGEST = 32


class Bits:
    """Reads bits from the front.

    Args:
        data: of a unit. The bytes that keep start codes out of it are left out (H.264, 7.4.1).
    """

    def __init__(self, data: bytes) -> None:
        data = data.replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next bits as a number.

        Raises:
            ValueError: there are fewer.
        """
        self._left -= count
        if self._left < 0:
            raise ValueError("no more bits")
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """Return an Exp-Golomb number.

        Raises:
            ValueError: there is none.
        """
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _LONGEST:
                raise ValueError("no such number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """Return a signed Exp-Golomb number.

        Raises:
            ValueError: there is none.
        """
        number = self.golomb()
        return (number + 1) // 2 if number & 1 else -number // 2
