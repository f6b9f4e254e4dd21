"""2,000 damaged files of every format through every door: rows only, no crash, no hang, no memory blown up.

The seed is fixed: a file that ever breaks something breaks it again. Photos are synthetic and small.
"""

from __future__ import annotations

import csv
import io
import resource
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from crackscope import CrackClassifier, CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.records import Failure
from crackscope.serving.app import create_app
from crackscope.serving.settings import Limits, ServeSettings
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.waiting import wait_for_job

FILES, SEED = 2000, 13
#: What all 2,000 may add to the memory of this process at its peak; one of their bombs would take gigabytes.
MOST_MB = 700

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # libraries warn of damage
]

FORMS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("jpg", "RGB", "JPEG", {"quality": 80}),
    ("jpg", "RGB", "JPEG", {"progressive": True}),
    ("jpg", "L", "JPEG", {}),
    ("jpg", "CMYK", "JPEG", {}),
    ("png", "RGBA", "PNG", {}),
    ("png", "P", "PNG", {}),
    ("png", "I;16", "PNG", {}),
    ("tif", "RGB", "TIFF", {}),
    ("tif", "RGB", "TIFF", {"compression": "tiff_lzw"}),
    ("tif", "L", "TIFF", {"compression": "tiff_adobe_deflate"}),
    ("tif", "RGB", "TIFF", {"compression": "jpeg"}),
    ("tif", "F", "TIFF", {}),
    ("tif", "I;16", "TIFF", {}),
    ("bmp", "RGB", "BMP", {}),
    ("gif", "P", "GIF", {}),
    ("webp", "RGB", "WEBP", {}),
    ("webp", "RGBA", "WEBP", {"lossless": True}),
    ("ppm", "RGB", "PPM", {}),
    ("jp2", "RGB", "JPEG2000", {}),
    ("avif", "RGB", "AVIF", {}),
]


def originals() -> list[tuple[str, bytes]]:
    """A valid file of every form that this Pillow writes, and of maps where rasterio is."""
    random = np.random.default_rng(SEED)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
    photo = coarse.resize((64, 48), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 30.0, 0.0), 3: "E", 4: (8.0, 0.0, 0.0)})
    found = []
    for ending, mode, form, options in FORMS:
        image = Image.fromarray(np.asarray(photo.convert("L"), np.uint16) * 257) if mode == "I;16" else photo
        stream = io.BytesIO()
        try:
            kept = {"exif": exif} if form in ("JPEG", "PNG", "WEBP", "TIFF") and mode != "I;16" else {}
            (image if mode == "I;16" else image.convert(mode)).save(stream, form, **kept, **options)
        except (OSError, KeyError, ValueError):
            continue  # this Pillow has no encoder for it
        found.append((ending, stream.getvalue()))
    return found + maps(np.asarray(photo))


def maps(pixels_hwc: np.ndarray) -> list[tuple[str, bytes]]:
    rasterio = pytest.importorskip("rasterio")
    found = []
    for options in ({}, {"compress": "DEFLATE", "tiled": True, "blockxsize": 16, "blockysize": 16}):
        with rasterio.MemoryFile() as memory:
            profile = {
                "driver": "GTiff",
                "width": 64,
                "height": 48,
                "count": 3,
                "dtype": "uint8",
                "nodata": 0,
            }
            place = rasterio.transform.from_origin(2_600_000, 1_200_000, 0.01, 0.01)
            with memory.open(**profile, crs="EPSG:2056", transform=place, **options) as out:
                out.write(pixels_hwc.transpose(2, 0, 1))
            found.append(("tif", bytes(memory.getbuffer())))
    return found


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Bits flipped, bytes replaced, a piece cut, doubled or zeroed, the end cut, or a number made huge."""
    damaged = bytearray(data)
    kind = int(random.integers(7))
    # Headers are where readers decide: half of the damage is there.
    reach = min(len(data), 200) if random.random() < 0.5 else len(data)
    places = random.integers(0, reach, int(random.integers(1, 12)))
    start, length = int(places[0]), int(random.integers(1, max(2, len(data) // 4)))
    if kind == 0:
        for place in places:
            damaged[place] ^= 1 << int(random.integers(8))
    elif kind == 1:
        for place in places:
            damaged[place] = int(random.integers(256))
    elif kind == 2:
        del damaged[start : start + length]
    elif kind == 3:
        damaged[start:start] = damaged[start : start + length]
    elif kind == 4:
        damaged[start : start + length] = bytes(min(length, len(damaged) - start))
    elif kind == 5:
        del damaged[int(random.integers(1, len(data))) :]
    else:
        damaged[start : start + 4] = b"\xff\xff\xff\x7f"[: len(damaged) - start]
    return bytes(damaged)


def bombs() -> list[tuple[str, bytes]]:
    """Small files whose headers claim a hundred thousand pixels a side."""
    side = 100_000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 16)))
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "JPEG")
    jpeg = bytearray(stream.getvalue())
    place = jpeg.index(b"\xff\xc0")
    jpeg[place + 5 : place + 9] = struct.pack(">HH", 65_000, 65_000)
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "BMP")
    bmp = bytearray(stream.getvalue())
    bmp[18:26] = struct.pack("<ii", side, side)
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 9)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return [
        ("png", png),
        ("jpg", bytes(jpeg)),
        ("bmp", bytes(bmp)),
        ("tif", tiff),
        ("ppm", b"P6 99999 99999 255\n"),
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    random, whole = np.random.default_rng(SEED), originals()
    folder = tmp_path_factory.mktemp("fuzz")
    paths = []
    damaged = [(ending, mutated(data, random)) for ending, data in (whole * FILES)[: FILES - len(bombs())]]
    for number, (ending, data) in enumerate([*damaged, *bombs()]):
        paths.append(folder / f"{number:04}.{ending}")
        paths[-1].write_bytes(data)
    return paths


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("fuzz-model"), patch_px=64)


@pytest.fixture(autouse=True)
def memory_is_bounded() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MB * 1024


def assert_good_reasons(errors: list[str]) -> None:
    assert 0 < len(errors) < FILES
    unforeseen = [error for error in errors if "please report" in error]
    assert unforeseen == []
    assert all(error and "\n" not in error and len(error) < 600 for error in errors)


def test_predict_gives_a_row_for_each(files: list[Path], bundle: Bundle) -> None:
    outcomes = list(CrackClassifier.load(bundle.folder).predict_paths(files))
    assert [outcome.path for outcome in outcomes] == [str(path) for path in files]
    assert_good_reasons([outcome.error for outcome in outcomes if isinstance(outcome, Failure)])
    assert all(isinstance(outcome, Failure) for outcome in outcomes[-len(bombs()) :])


def test_scan_gives_a_row_for_each(files: list[Path], bundle: Bundle, tmp_path: Path) -> None:
    settings = ScanSettings(memory_mb=64, limit_pixels=256_000_000)
    scanner = CrackScanner.load(bundle.folder, settings=settings)
    summary = scanner.scan_paths(files, output=tmp_path / "out", overlays=False)
    with (tmp_path / "out" / "photos.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == [str(path) for path in files]
    assert_good_reasons([failure.error for failure in summary.failures])


def test_the_api_gives_a_row_for_each(files: list[Path], bundle: Bundle, tmp_path: Path) -> None:
    limits = Limits(files=100, queue=1000)
    settings = ServeSettings(data_dir=tmp_path / "data", model=bundle.folder, threads=2, limits=limits)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        errors: list[str] = []
        for begin in range(0, len(files), 100):
            batch = files[begin : begin + 100]
            sent = [("files", (path.name, path.read_bytes())) for path in batch]
            answer = client.post("/v1/predict", files=sent)
            assert answer.status_code == 200, answer.text
            rows = answer.json()
            assert [row["path"] for row in rows] == [path.name for path in batch]
            errors += [row["error"] for row in rows if row["error"]]
        assert_good_reasons(errors)
        sent = [("files", (path.name, path.read_bytes())) for path in files[::20]]
        job = client.post("/v1/scan", files=sent).json()["job"]
        assert wait_for_job(client, job["id"])["status"] == "done"
        photos = client.get("/v1/photos", params={"limit": 1000}).json()["photos"]
        assert len(photos) == len(sent)
        assert {photo["status"] for photo in photos} == {"done", "failed"}
        assert not [photo for photo in photos if "please report" in (photo["error"] or "")]
