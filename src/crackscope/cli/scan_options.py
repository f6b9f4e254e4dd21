"""How photos are scanned, as options: the same for ``scan`` and ``batch scan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.errors import SettingsError
from crackscope.inference.settings import MEMORY_MB, MM_PER_PX, OVERLAP

if TYPE_CHECKING:
    from crackscope.scanning.records import ScanSettings

TilePx = Annotated[
    str, typer.Option(help="Side of a tile in pixels of the photo, or 'auto' to fit each photo.")
]
Scales = Annotated[
    str, typer.Option(help="Scan at several sizes at once: multiples of the tile, such as 0.5,1,2.")
]
Overlap = Annotated[
    float,
    typer.Option(min=OVERLAP.least, max=OVERLAP.most, help="Share of a tile that its neighbour covers too."),
]
MmPerPx = Annotated[
    float | None,
    typer.Option(
        min=MM_PER_PX.least,
        max=MM_PER_PX.most,
        help="Millimetres per pixel, if you know them: lengths are given in mm.",
    ),
]
Every = Annotated[float, typer.Option(min=0.001, help="Seconds between the frames taken from a video.")]
MemoryMb = Annotated[
    int,
    typer.Option(
        min=int(MEMORY_MB.least), help="A photo that needs more than this decoded is read piece by piece."
    ),
]
LimitPixels = Annotated[int, typer.Option(min=1, help="Photos with more pixels than this are refused.")]


def scan_settings(
    *,
    tile_px: str,
    scales: str,
    overlap: float,
    threshold: float | None,
    mm_per_px: float | None,
    memory_mb: int,
    limit_pixels: int,
) -> ScanSettings:
    """What the options say.

    Raises:
        SettingsError: ``--tile-px`` or ``--scales`` has something else than numbers, or one out of range.
    """
    from crackscope.scanning.records import ScanSettings

    return ScanSettings(
        tile_px=None if tile_px == "auto" else int(_number(tile_px, "--tile-px")),
        scales=tuple(_number(scale, "--scales") for scale in scales.split(",")),
        overlap=overlap,
        threshold=threshold,
        mm_per_px=mm_per_px,
        memory_mb=memory_mb,
        limit_pixels=limit_pixels,
    )


def _number(text: str, flag: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{flag} has {text!r}; expected a number") from None
