"""What a file is that can't be read as a photo, told by its first bytes."""

from __future__ import annotations

from typing import BinaryIO

_HEIC = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"hevx")
_VIDEO = "not an image, but a video; `crackscope scan` reads frames of videos by their file's ending"
_JPEG_XL = (
    "a JPEG XL photo, which Pillow reads where the package pillow-jxl-plugin is installed; install it, or "
    "export the photo as JPEG or PNG"
)
#: Markers of a JPEG's frame, and what Pillow does not read of them. Others have 8 bits, and are read.
_RARE_FRAMES = {
    **dict.fromkeys((0xC3, 0xCB), "a lossless JPEG"),
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "a hierarchical JPEG"),
}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: First bytes, and what a person should hear of them.
_KNOWN: tuple[tuple[bytes, str], ...] = (
    (b"\xff\x0a", _JPEG_XL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JPEG_XL),
    (
        b"\0\x05\x16\x07",
        "not an image, but what macOS keeps beside one (AppleDouble)",
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "not an image, but Thumbs.db of Windows or an Office document",
    ),
    (b"%PDF", "not an image, but a PDF document; export its pictures as JPEG or PNG"),
    (b"PK\x03\x04", "not an image, but a ZIP archive; unpack it"),
    (b"Rar!", "not an image, but a RAR archive; unpack it"),
    (b"7z\xbc\xaf", "not an image, but a 7z archive; unpack it"),
    (b"%!PS", "not an image, but a PostScript document; export it as JPEG or PNG"),
    (b"8BPS", "a Photoshop document; export it as JPEG or TIFF"),
    (b"version https://git-lfs", "not an image, but a Git LFS pointer to one; run: git lfs pull"),
    (b"<svg", "not an image, but an SVG drawing; export it as PNG"),
    (b"<?xml", "not an image, but an XML document"),
    (b"<!DOCTYPE", "not an image, but a web page"),
    (b"<html", "not an image, but a web page"),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"FUJIFILMCCD-RAW", "a camera's raw file; export it as JPEG or TIFF"),
    (b"IIRS", "a camera's raw file; export it as JPEG or TIFF"),
    (b"IIU\0", "a camera's raw file; export it as JPEG or TIFF"),
    (b"IIRO", "a camera's raw file; export it as JPEG or TIFF"),
)


def what_it_is(stream: BinaryIO) -> str:
    """Why the file is no photo that can be read, in one line. Rewinds the stream."""
    stream.seek(0)
    start = stream.read(32)
    stream.seek(0)
    if start[4:8] == b"ftyp":
        return _of_boxes(start[8:12])
    for sign, reason in _KNOWN:
        if start.startswith(sign):
            return reason
    return "not an image, or damaged at its start"


def rare_jpeg(stream: BinaryIO) -> str | None:
    """What kind of JPEG it is, where Pillow does not read that kind. Rewinds the stream."""
    stream.seek(2)
    try:
        while (marker := stream.read(2))[:1] == b"\xff" and len(marker) == 2:
            body = stream.read(2)
            if marker[1] in _FRAMES:
                return _kind_of_frame(marker[1], stream.read(1))
            stream.seek(max(0, int.from_bytes(body, "big") - 2), 1)
        return None
    finally:
        stream.seek(0)


def _kind_of_frame(marker: int, precision: bytes) -> str | None:
    kind = _RARE_FRAMES.get(marker)
    if kind is None and precision and precision[0] != 8:
        kind = f"a JPEG of {precision[0]} bits per sample"
    return (
        None if kind is None else f"{kind}, which Pillow does not read; export it as an ordinary JPEG or PNG"
    )


def _of_boxes(brand: bytes) -> str:
    if brand in _HEIC:
        return 'a HEIC photo; to read it run: pip install "crackscope[heic]"'
    if brand == b"crx ":
        return "a camera's raw file; export it as JPEG or TIFF"
    if brand in (b"avif", b"avis"):
        return "a damaged AVIF photo, or one of a kind that Pillow does not read"
    return _VIDEO
