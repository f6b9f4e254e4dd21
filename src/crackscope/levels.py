"""From the numbers a file stores to brightness of 8 bits: by what the file says of them, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import UnreadablePhotoError

Numbers = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]

#: Depths of sensors. What a 16 bit file uses is rounded up to one of them; a photo that fills no more than 12
#: bits of 16 would be nearly black, and was not meant so. 14 bits are believed only where the file says so.
_DEPTHS, _GUESSED_DEPTHS = (8, 10, 12, 14, 16), (8, 10, 12, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a file says of its numbers; ``None`` where it says nothing.

    Attributes:
        low: The number that stands for black (or for white where ``white_is_low``).
        high: The number at the other end.
        bits: How many bits of each number are used.
        most_bits: No number can use more; signed ones have a bit less.
        white_is_low: Whether small numbers are bright (TIFF's WhiteIsZero).
    """

    low: float | None = None
    high: float | None = None
    bits: int | None = None
    most_bits: int = 16
    white_is_low: bool = False


NOTHING_DECLARED = Declared()


@dataclass(frozen=True, slots=True)
class Levels:
    """Which stored numbers are black and white."""

    low: float
    high: float
    white_is_low: bool = False

    def apply(self, values: Numbers) -> NDArray[np.uint8]:
        """Brightness 0..255 of numbers of any shape."""
        bits = round(self.high + 1).bit_length() - 1
        if values.dtype.kind in "iu" and self.low == 0 and self.high == 2**bits - 1 and bits >= 8:
            # As Pillow makes 8 bits of 16: the upper ones.
            brightness = (np.clip(values, 0, int(self.high)).astype(np.uint32) >> (bits - 8)).astype(np.uint8)
        else:
            shares = (values.astype(np.float64) - self.low) / (self.high - self.low)
            brightness = np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)
        return 255 - brightness if self.white_is_low else brightness


def fit_levels(values: Numbers, declared: Declared) -> Levels:
    """Black and white of a photo's numbers, from what its file says and the numbers themselves.

    Args:
        values: All numbers of the photo, or a fair part of them.
        declared: What the file says.

    Raises:
        UnreadablePhotoError: Nothing tells which numbers are black and white.
    """
    if values.dtype.kind == "b" or values.dtype == np.uint8:
        return Levels(0, 255, declared.white_is_low)
    low, high = float(values.min()), float(values.max())
    given = declared.low is not None and declared.high is not None and declared.high > declared.low
    if values.dtype.kind == "f":
        ends = _of_floats(low, high, (declared.low, declared.high) if given else None)
    elif low < 0:
        if not given or declared.low is None or declared.high is None:
            raise UnreadablePhotoError(
                f"whole numbers from {low:.0f} to {high:.0f}; the file does not say which are black and white"
            )
        ends = (declared.low, declared.high)
    else:
        ends = (0.0, float(_whitest(high, declared)))
    return Levels(*ends, declared.white_is_low)


def _of_floats(
    low: float, high: float, given: tuple[float | None, float | None] | None
) -> tuple[float, float]:
    if given is not None and given[0] is not None and given[1] is not None and low >= given[0] >= 0:
        return given[0], given[1]
    if not (low >= 0 and high <= 255):  # also where they are not numbers
        raise UnreadablePhotoError(f"floating-point pixels from {low:g} to {high:g}; expected 0..1 or 0..255")
    return 0.0, 1.0 if high <= 1 else 255.0


def _whitest(high: float, declared: Declared) -> int:
    if declared.bits is not None and high < 2**declared.bits:
        return int(2**declared.bits - 1)
    said = declared.high
    if said is not None and high <= said:
        if said > 0xFFFF:
            return round(said)
        return int(next(2**bits - 1 for bits in _DEPTHS if said < 2**bits))
    if high > 0xFFFF:
        raise UnreadablePhotoError(f"whole numbers up to {high:.0f}; expected at most 16 bits per pixel")
    depth = next(bits for bits in _GUESSED_DEPTHS if high < 2**bits)
    return int(2 ** min(depth, declared.most_bits) - 1)
