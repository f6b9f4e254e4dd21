"""Peak memory, time and size of reports of 50 and 500 photos, all of them shown; prints JSON.

python benchmarks/report_memory.py --folder /tmp/report-memory
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from crackscope.dataset.synthetic import make_photo
from crackscope.inspection.records import Region
from crackscope.labels import Label
from crackscope.reporting.records import Inspection, ModelFacts, PhotoEntry, Report
from crackscope.reporting.write import write_report

PHOTO_HW = (3000, 4000)
#: Twelve-megapixel files; entries that share one differ in their regions, so every picture is another.
FILES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--photos", type=int, nargs="+", default=[50, 500])
    parser.add_argument("--one", nargs=2, metavar=("FORM", "PHOTOS"), help="one report in this process")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.one:
        print(json.dumps(measure(arguments.folder, arguments.one[0], int(arguments.one[1]))))
        return
    # Not here: on Linux a process begins with the peak of the one that started it.
    in_a_process(arguments.folder, "photos", FILES)
    results = [
        in_a_process(arguments.folder, form, photos)
        for form in ("html", "pdf", "xlsx")
        for photos in arguments.photos
    ]
    versions = {name: version(name) for name in ("crackscope", "fpdf2", "jinja2", "xlsxwriter", "pillow")}
    document = {
        "what": "one report of twelve-megapixel JPEGs",
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "versions": versions,
        "results": results,
    }
    print(json.dumps(document, indent=2))


def photo_files(folder: Path) -> list[Path]:
    return [folder / f"wall-{index}.jpg" for index in range(FILES)]


def paint(folder: Path) -> dict[str, object]:
    for index, file in enumerate(photo_files(folder)):
        if not file.exists():
            scene = make_photo(np.random.default_rng(index), PHOTO_HW, cracks=2)
            Image.fromarray(scene.pixels_hwc).save(file, quality=90)
    return {"photos": FILES}


def in_a_process(folder: Path, form: str, photos: int) -> dict[str, object]:
    """A process of its own, because a process remembers the highest peak it ever had."""
    command = [sys.executable, __file__, "--folder", str(folder), "--one", form, str(photos)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    result: dict[str, object] = json.loads(done.stdout)
    return result


def measure(folder: Path, form: str, photos: int) -> dict[str, object]:
    if form == "photos":
        return paint(folder)
    target, start = folder / f"report-{photos}.{form}", time.perf_counter()
    write_report(target, report(folder, photos))
    return {
        "form": form,
        "photos": photos,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seconds": round(time.perf_counter() - start, 1),
        "file_mb": round(target.stat().st_size / 1e6, 1),
    }


def report(folder: Path, photos: int) -> Report:
    rng, files = np.random.default_rng(0), photo_files(folder)
    return Report(
        inspection=Inspection(structure="Benchmark", inspector="Nobody"),
        photos=tuple(photo(rng, number, files[number % FILES]) for number in range(1, photos + 1)),
        models=(ModelFacts(sha256="0" * 64, name="none"),),
        overlaps=(0.5,),
        crackscope_version=version("crackscope"),
        made_at=datetime.now(UTC),
    )


def photo(rng: np.random.Generator, number: int, file: Path) -> PhotoEntry:
    lefts, tops = rng.integers(0, 3000, 5), rng.integers(0, 2000, 5)
    corners = zip(lefts.tolist(), tops.tolist(), strict=True)
    regions = (
        Region(number=index, box_ltrb=(left, top, left + 500, top + 700), score=0.9, area_px=350_000)
        for index, (left, top) in enumerate(corners, start=1)
    )
    return PhotoEntry(
        number=number,
        name=f"wall-{number:04}.jpg",
        file=file,
        sha256=None,
        photo_hw=PHOTO_HW,
        label=Label.POSITIVE,
        score=0.9,
        threshold=0.5,
        cracked_share=0.1,
        tile_px=(375,),
        taken="2026-11-22T10:00:00",
        camera="benchmark",
        latitude=47 + number / 1e4,
        longitude=8 + (number % 7) / 1e4,
        regions=tuple(regions),
    )


if __name__ == "__main__":
    main()
