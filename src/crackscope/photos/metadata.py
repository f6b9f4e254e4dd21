"""What a photo's header says: its size, and when, where and with what it was taken."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from crackscope.images import register_plugins
from crackscope.tiff_tags import TiffFacts, read_tiff_facts

#: Decoded pixels, Pillow's copy of them, and the resized grid.
_BYTES_PER_PIXEL, _SAVING = 8, {"JPEG": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMetadata:
    """What the file says about how the photo was taken; ``None`` where it says nothing.

    Attributes:
        latitude: Of the camera; of a map, its middle.
        longitude: Likewise.
        crs: Coordinate reference system of a map.
        map_problem: Why a map's place, or the scale of its pixels, is not known.
    """

    taken: str | None = None
    camera: str | None = None
    focal_length_mm: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    crs: str | None = None
    map_problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Read without decoding.

    Attributes:
        photo_hw: Height and width, upright.
        orientation: EXIF's, 1 to 8.
        is_map: A TIFF with a georeference, or with a value that stands for "no data".
        decoded_bytes: About what decoding takes; a JPEG may be decoded at reduced size.
    """

    photo_hw: tuple[int, int]
    orientation: int
    is_map: bool
    decoded_bytes: int
    metadata: PhotoMetadata


def decoded_bytes(photo_hw: tuple[int, int], image_format: str | None) -> int:
    """About what decoding takes, by Pillow's name of the format; a JPEG may be decoded at reduced size."""
    return photo_hw[0] * photo_hw[1] * _BYTES_PER_PIXEL // _SAVING.get(image_format or "", 1)


def read_header(source: Path | BinaryIO, limit_pixels: int) -> Header | None:
    """Size and metadata of a photo; ``None`` where Pillow can't read its header."""
    register_plugins()
    # Raised and never lowered, as `images` does: photos are refused by our own limit, not by Pillow's.
    Image.MAX_IMAGE_PIXELS = max(limit_pixels, Image.MAX_IMAGE_PIXELS or limit_pixels)
    # Pillow's plugins meet damaged files with every kind of exception; reading the pixels says what is wrong.
    with suppress(Exception), Image.open(source) as image:
        exif = image.getexif()
        turn = exif.get(ExifTags.Base.Orientation, 1)
        orientation = turn if turn in range(1, 9) else 1
        is_map = TiffFacts(getattr(image, "tag_v2", {})).is_map
        height, width = image.height, image.width
        return Header(
            # A map is read as it is stored, because its georeference counts stored pixels.
            photo_hw=(width, height) if orientation >= 5 and not is_map else (height, width),
            orientation=orientation,
            is_map=is_map,
            decoded_bytes=decoded_bytes((height, width), image.format),
            metadata=_metadata(exif),
        )
    return _header_of_odd_tiff(source)


def _header_of_odd_tiff(source: Path | BinaryIO) -> Header | None:
    """Of one that Pillow does not read, but GDAL may."""
    with suppress(OSError), source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
        stream.seek(0)
        facts = read_tiff_facts(stream)
        if facts is None or 0 in facts.photo_hw:
            return None
        height, width = facts.photo_hw
        sideways = facts.orientation >= 5 and not facts.is_map
        number_bytes = facts.channels * facts.bits // 8
        return Header(
            photo_hw=(width, height) if sideways else (height, width),
            orientation=facts.orientation,
            is_map=facts.is_map,
            decoded_bytes=height * width * (_BYTES_PER_PIXEL + number_bytes),
            metadata=PhotoMetadata(),
        )
    return None


def _metadata(exif: Image.Exif) -> PhotoMetadata:
    # Damaged metadata are met with every kind of exception, and the photo itself may be whole.
    with suppress(Exception):
        return _readable_metadata(exif)
    return PhotoMetadata()


def _readable_metadata(exif: Image.Exif) -> PhotoMetadata:
    details = exif.get_ifd(ExifTags.IFD.Exif)
    position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(position, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, 90)
    longitude = _degrees(position, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, 180)
    # Without a fix, receivers write zeros, or what they knew last with the status "void".
    known = (latitude, longitude) != (0, 0) and str(position.get(ExifTags.GPS.GPSStatus, "A"))[:1] != "V"
    whole = latitude is not None and longitude is not None and known
    return PhotoMetadata(
        taken=_taken(exif, details),
        camera=_camera(exif),
        focal_length_mm=_number(details.get(ExifTags.Base.FocalLength)),
        latitude=latitude if whole else None,
        longitude=longitude if whole else None,
        altitude_m=_altitude(position) if whole else None,
    )


def _taken(exif: Image.Exif, details: dict[int, Any]) -> str | None:
    """ISO 8601; with the offset from UTC only where the camera recorded one."""
    text = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    offset = details.get(ExifTags.Base.OffsetTimeOriginal) or ""
    try:
        taken = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    with suppress(ValueError):
        return datetime.fromisoformat(f"{taken.isoformat()}{str(offset).strip(chr(0) + ' ')}").isoformat()
    return taken.isoformat()


def _camera(exif: Image.Exif) -> str | None:
    make, model = (str(exif.get(tag) or "").strip("\0 ") for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    # Many cameras repeat the maker in the model.
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    return name or None


def _degrees(position: dict[int, Any], tag: int, reference: int, limit: float) -> float | None:
    parts = position.get(tag)
    # Which half of the earth: without it the place could be on the other side.
    sign = {"N": 1, "E": 1, "S": -1, "W": -1}.get(str(position.get(reference, "")).strip("\0 ").upper()[:1])
    if sign is None:
        return None
    with suppress(TypeError, ValueError, ZeroDivisionError):
        degrees, minutes, seconds = (float(part) for part in parts or ())
        value = sign * (degrees + minutes / 60 + seconds / 3600)
        # Cameras without a fix write 0/0 or nonsense.
        return round(value, 7) if abs(value) <= limit else None
    return None


def _altitude(position: dict[int, Any]) -> float | None:
    value = _number(position.get(ExifTags.GPS.GPSAltitude))
    below = position.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01")
    return None if value is None else (-value if below else value)


def _number(value: Any) -> float | None:
    with suppress(TypeError, ValueError, ZeroDivisionError):
        number = float(value)
        return round(number, 3) if number == number and abs(number) != float("inf") else None
    return None
