"""The photographs that pretraining sees: which ones, and their pixels as one file that is read in place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import NoPhotosError
from crackscope.images import IMAGE_SUFFIXES, read_photo
from crackscope.resizing import resize_rgb
from crackscope.storage import atomic_path

#: Side of the stored images; patches of 227 and 256 pixels keep their thin cracks for crops down to a half.
STORED_PX = 160

#: Folder below the data folder -> whether its pictures show concrete. Nothing else is ever read here:
#: pictures of other licences must not reach weights that are given away.
SOURCES = {"metu": True, "sdnet2018": True, "caltech101": False}

#: This share of a source's groups is never shown to a student, so that probes can be honest. SDNET2018 has
#: only 42 photos here, and half of them are few enough to tell two sets of features apart.
HELD_OUT_SHARES = {"metu": 0.2, "sdnet2018": 0.5, "caltech101": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePool:
    """The images of one source.

    Attributes:
        source: Its folder's name.
        concrete: Whether cracks may be painted on it and up and down be exchanged.
        pixels_nhwc: uint8, (N, STORED_PX, STORED_PX, 3), read from disk in place.
    """

    source: str
    concrete: bool
    pixels_nhwc: NDArray[np.uint8]


def group_of(source: str, relative: str) -> str:
    """The unit that is held out as a whole: near-duplicates share it.

    METU lists Positive patches by source photo, and the copies of a patch lie about 5,500 numbers on: blocks
    of 250 numbers, counted round 22, keep both together. SDNET2018 names the photo before the hyphen.
    """
    stem = Path(relative).stem
    if source == "metu" and stem.split("_")[0].isdigit():
        return f"block {(int(stem.split('_')[0]) - 1) // 250 % 22}"
    if source in ("sdnet2018", "bridge"):
        return stem.rsplit("-" if source == "sdnet2018" else "_", 1 if source == "sdnet2018" else 2)[0]
    return relative


def held_out(source: str, relative: str) -> bool:
    """Whether a picture is kept away from pretraining, for probes and tests."""
    digest = hashlib.sha256(f"{source}/{group_of(source, relative)}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < HELD_OUT_SHARES.get(source, 0) * 2**32


def list_images(folder: Path) -> list[str]:
    """POSIX paths of the images below a folder, relative to it, sorted."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES
    )


def open_pools(
    data: Path, cache: Path, *, progress: Callable[[int, int | None], None] | None = None
) -> list[ImagePool]:
    """The pools of the sources found below ``data``, without held-out groups.

    The first call reads every photo once and writes the pixels below ``cache`` (77 kB per image).

    Raises:
        NoPhotosError: None of the sources is there.
        UnreadablePhotoError: A photo is damaged.
    """
    pools = []
    for source, concrete in SOURCES.items():
        folder = data / source
        names = [name for name in list_images(folder) if not held_out(source, name)]
        if names:
            pools.append(
                ImagePool(
                    source=source, concrete=concrete, pixels_nhwc=_stored(folder, names, cache, progress)
                )
            )
    if not any(pool.concrete for pool in pools):
        raise NoPhotosError(
            f"no photos to pretrain on below {data}; expected folders named {', '.join(SOURCES)}"
        )
    return pools


def read_square(path: Path, side_px: int) -> NDArray[np.uint8]:
    """A photo as the network sees it, uint8 (side, side, 3)."""
    return resize_rgb(read_photo(path).pixels_hwc, (side_px, side_px))


def _stored(
    folder: Path, names: list[str], cache: Path, progress: Callable[[int, int | None], None] | None
) -> NDArray[np.uint8]:
    key = hashlib.sha256("\n".join([str(STORED_PX), *names]).encode()).hexdigest()[:16]
    path = cache / f"{folder.name}-{STORED_PX}px-{key}.npy"
    if not path.is_file():
        with atomic_path(path) as temporary:
            shape = (len(names), STORED_PX, STORED_PX, 3)
            pixels = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
            for index, photo in enumerate(_read_all(folder, names)):
                pixels[index] = photo
                if progress is not None:
                    progress(index + 1, len(names))
            pixels.flush()
            del pixels
    stored: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return stored


def _read_all(folder: Path, names: list[str]) -> Iterator[NDArray[np.uint8]]:
    return (read_square(folder / name, STORED_PX) for name in names)
