"""The logo of a report's letterhead: read once, made small, the same in every form."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from crackscope.errors import SettingsError

#: Enough for print at the size it is shown; larger files are made smaller.
LARGEST_WH = (900, 300)
#: A file with more pixels is no logo.
_LIMIT_PIXELS = 50_000_000
#: How large it is shown at most, in millimetres.
SHOWN_MM = (60.0, 18.0)


def read_logo(source: Path | bytes) -> bytes:
    """The logo as a PNG, transparency kept.

    Raises:
        SettingsError: It is no picture that can be read; vector graphics can't.
    """
    name = source.name if isinstance(source, Path) else "the logo"
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _LIMIT_PIXELS:
                raise SettingsError(
                    f"{name} has {image.width} x {image.height} pixels; expected a small picture"
                )
            logo = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    except SettingsError:
        raise
    except Exception as error:
        # Pillow's plugins meet damaged files with every kind of exception.
        raise SettingsError(f"{name} can't be read; expected a PNG or JPEG picture as the logo") from error
    logo.thumbnail(LARGEST_WH, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    logo.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def shown_mm(logo: bytes) -> tuple[float, float]:
    """Width and height in millimetres at which a logo is shown."""
    with Image.open(io.BytesIO(logo)) as image:
        scale = min(SHOWN_MM[0] / image.width, SHOWN_MM[1] / image.height)
        return image.width * scale, image.height * scale
