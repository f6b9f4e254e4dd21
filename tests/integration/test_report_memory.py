"""A report of many photos takes hardly more memory than one of few."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.waiting import PATIENCE_S

SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from crackscope.labels import Label
from crackscope.inspection.records import Region
from crackscope.reporting.records import Inspection, PhotoEntry, Report
from crackscope.reporting.write import write_report

folder, form, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
photos = tuple(
    PhotoEntry(number=i, name=f"wall {i}", file=folder / f"{i % 4}.jpg", photo_hw=(900, 1200),
               label=Label.POSITIVE, score=0.9, threshold=0.5, taken="2026-11-22T10:00:00",
               regions=(Region(number=1, box_ltrb=(i, 2 * i, i + 300, 2 * i + 300), score=0.9, area_px=9),))
    for i in range(count)
)
report = Report(inspection=Inspection(), photos=photos, models=(), overlaps=(), crackscope_version="0",
                made_at=datetime.now(UTC))
write_report(folder / f"{count}.{form}", report)
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def _peak_mb(folder: Path, form: str, photos: int) -> float:
    command = [sys.executable, "-c", SCRIPT, str(folder), form, str(photos)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=PATIENCE_S)
    return int(done.stdout) / 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(("form", "room_mb"), [("html", 20), ("pdf", 60)])
def test_a_hundred_photos_take_hardly_more_memory_than_ten(tmp_path: Path, form: str, room_mb: int) -> None:
    coarse = np.random.default_rng(0).integers(60, 200, (4, 120, 160, 3), dtype=np.uint8)
    for index in range(4):
        image = Image.fromarray(coarse[index]).resize((1200, 900), Image.Resampling.BICUBIC)
        image.save(tmp_path / f"{index}.jpg", quality=90)
    few, many = _peak_mb(tmp_path, form, 10), _peak_mb(tmp_path, form, 100)
    assert many - few < room_mb
    # It would not be bounded if the pictures were left out.
    assert (tmp_path / f"100.{form}").stat().st_size > 5 * (tmp_path / f"10.{form}").stat().st_size
