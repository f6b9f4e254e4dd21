"""What a TIFF says of its pixels, also of those that Pillow can't read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import TiffImagePlugin

from crackscope.levels import Declared

_STARTS = (b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")
_KINDS = {1: "unsigned whole numbers", 2: "signed whole numbers", 3: "floating-point numbers"}
_COMPRESSIONS = {
    **TiffImagePlugin.COMPRESSION_INFO,
    **{34887: "LERC", 50000: "ZSTD", 50001: "WebP", 50002: "JPEG XL", 34712: "JPEG 2000", 33003: "JPEG 2000"},
}
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_CHANNELS, _MIN, _MAX, _FORMAT, _SMIN, _SMAX, _SUBFILE, _ORIENTATION = 277, 280, 281, 339, 340, 341, 254, 274
_PLANES = 284
#: GeoKeyDirectory, GDAL_NODATA and RPCCoefficient.
_OF_MAPS = frozenset({34735, 42113, 50844})
#: Not the places of strips and tiles, of which there may be millions.
_KEPT = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _CHANNELS, _MIN, _MAX, _FORMAT, _SMIN, _SMAX}
    | {_SUBFILE, _ORIENTATION, _PLANES, *_OF_MAPS}
)


@dataclass(frozen=True, slots=True)
class TiffFacts:
    """The tags that matter, of one page."""

    tags: Mapping[int, Any]

    @property
    def photo_hw(self) -> tuple[int, int]:
        """Height and width as stored; zeros where it does not say."""
        return int(self.tags.get(_HEIGHT, 0)), int(self.tags.get(_WIDTH, 0))

    @property
    def bits(self) -> int:
        """Of one number."""
        return int(_first(self.tags.get(_BITS, 1)))

    @property
    def channels(self) -> int:
        """Numbers of one pixel."""
        return int(self.tags.get(_CHANNELS, 1))

    @property
    def has_odd_compression(self) -> bool:
        """Whether it is compressed as libtiff in Pillow's wheels can't undo."""
        return self.tags.get(_COMPRESSION, 1) in (34887, 50001, 50002, 34712, 33003)

    @property
    def has_odd_planes(self) -> bool:
        """Whether its channels lie one after the other in a way that Pillow reads wrongly, or not at all."""
        if self.tags.get(_PLANES, 1) != 2:
            return False
        is_packed = self.tags.get(_COMPRESSION, 1) != 1
        return (self.bits == 16 and not is_packed) or (self.bits == 8 and self.channels == 2)

    @property
    def is_signed(self) -> bool:
        """Whether its numbers may be negative whole numbers."""
        return bool(_first(self.tags.get(_FORMAT, 1)) == 2)

    @property
    def is_unsigned(self) -> bool:
        """Whether its numbers are whole and never negative."""
        return bool(_first(self.tags.get(_FORMAT, 1)) == 1)

    @property
    def is_map(self) -> bool:
        """Whether it has a georeference, or a number that stands for "no data"."""
        return not _OF_MAPS.isdisjoint(self.tags)

    @property
    def orientation(self) -> int:
        """EXIF's, 1 to 8."""
        turn = self.tags.get(_ORIENTATION, 1)
        return int(turn) if turn in range(1, 9) else 1

    @property
    def is_preview(self) -> bool:
        """Whether the page is a smaller version of another."""
        return bool(int(self.tags.get(_SUBFILE, 0)) & 1)

    @property
    def declared(self) -> Declared:
        """Which numbers are black and white, as far as it says."""
        unsigned = _first(self.tags.get(_FORMAT, 1)) == 1
        low = self.tags.get(_SMIN, self.tags.get(_MIN) if unsigned else None)
        high = self.tags.get(_SMAX, self.tags.get(_MAX) if unsigned else None)
        return Declared(
            low=None if low is None else float(min(_all(low))),
            high=None if high is None else float(max(_all(high))),
            bits=self.bits if 8 < self.bits < 16 else None,
            most_bits=self.bits - 1 if self.is_signed and self.bits <= 16 else 16,
            white_is_low=self.tags.get(_PHOTOMETRIC) == 0,
        )

    def describe(self) -> str:
        """For people: what is in it."""
        kind = _KINDS.get(int(_first(self.tags.get(_FORMAT, 1))), "numbers of an unknown kind")
        number = int(self.tags.get(_COMPRESSION, 1))
        name = _COMPRESSIONS.get(number, str(number))
        packed = "" if number == 1 else f", compressed with {name}"
        return f"a TIFF of {self.channels} x {self.bits} bit {kind}{packed}"


def read_tiff_facts(stream: BinaryIO) -> TiffFacts | None:
    """The first page's tags; ``None`` where it is no TIFF or its directory is damaged. Rewinds the stream."""
    stream.seek(0)
    start = stream.read(16)
    if not start.startswith(_STARTS):
        return None
    try:
        header = start if start[2] == 43 or start[3] == 43 else start[:8]
        directory = TiffImagePlugin.ImageFileDirectory_v2(header)
        stream.seek(directory.next)
        directory.load(stream)
        return TiffFacts({tag: directory[tag] for tag in _KEPT if tag in directory})
    except Exception:  # Pillow meets damaged directories with every kind of exception
        return None
    finally:
        stream.seek(0)


def _all(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _first(value: Any) -> Any:
    return _all(value)[0]
