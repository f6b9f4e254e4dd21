from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.dataset.audit import SEEN_BY_MODEL, Audit, Kind, audit_dataset
from crackscope.dataset.audit_csv import write_audit_csv
from crackscope.dataset.contact_sheet import write_contact_sheet
from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.labels import Label
from tests.unit.dataset.photos import make_classes, noise, save


def audit(root: Path) -> Audit:
    dataset = discover([root])
    return audit_dataset(dataset, fingerprint_photos(dataset))


def paths_of(found: Audit, kind: Kind) -> list[tuple[str, ...]]:
    return [finding.paths for finding in found.of(kind)]


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty good photos and one of everything that an audit looks for."""
    root = make_classes(tmp_path_factory.mktemp("messy"), 20)
    (root / "Positive" / "00099.png").write_bytes((root / "Positive" / "00001.png").read_bytes())
    (root / "Positive" / "empty.jpg").write_bytes(b"")
    save(noise(21), root / "Negative" / "again.jpg", quality=90)
    save(noise(2), root / "Negative" / "as negative.jpg", quality=90)
    save(noise(500, side_px=64), root / "Negative" / "large.png")
    bright = np.minimum(np.asarray(noise(501)), 205) + 50
    save(Image.fromarray(bright), root / "Positive" / "bright & <b>.png")
    return root


def test_every_kind_of_finding_names_its_files(messy: Path) -> None:
    found = audit(messy)
    assert paths_of(found, Kind.UNREADABLE) == [("Positive/empty.jpg",)]
    assert paths_of(found, Kind.EXACT) == [("Positive/00001.png", "Positive/00099.png")]
    assert paths_of(found, Kind.CONTRADICTORY) == [("Negative/as negative.jpg", "Positive/00003.png")]
    assert paths_of(found, Kind.NEAR) == [
        ("Negative/00002.png", "Negative/again.jpg"),
        ("Negative/as negative.jpg", "Positive/00003.png"),
    ]
    assert paths_of(found, Kind.ODD_SIZE) == [("Negative/large.png",)]
    assert found.of(Kind.ODD_SIZE)[0].detail == "64 x 64 px; the others 48 x 48"
    assert paths_of(found, Kind.OUTLIER) == [("Positive/bright & <b>.png",)]
    assert found.of(Kind.OUTLIER)[0].detail.startswith("brighter than the others")


def test_good_data_set_has_no_findings(tmp_path: Path) -> None:
    found = audit(make_classes(tmp_path, 20))
    assert found.findings == ()
    assert found.sizes == {(48, 48): 40}


def test_classes_are_counted_with_unreadable_files_and_measured_without(messy: Path) -> None:
    classes = {one.label: one for one in audit(messy).classes}
    assert classes[Label.POSITIVE].photos == 23
    assert classes[Label.NEGATIVE].photos == 23
    assert 100 < classes[Label.NEGATIVE].brightness < 150


def test_photos_of_many_sizes_are_not_odd(tmp_path: Path) -> None:
    make_classes(tmp_path, 3)
    for number, side_px in enumerate((40, 50, 60)):
        save(noise(100 + number, side_px=side_px), tmp_path / "Positive" / f"a{side_px}.png")
    assert audit(tmp_path).of(Kind.ODD_SIZE) == ()


def test_folder_of_unreadable_files_is_audited(tmp_path: Path) -> None:
    for label in Label:
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.jpg").write_bytes(b"nothing")
    assert len(audit(tmp_path).of(Kind.UNREADABLE)) == 2


def test_csv_has_a_row_per_photo_with_its_findings(messy: Path, tmp_path: Path) -> None:
    write_audit_csv(tmp_path / "audit.csv", audit(messy))
    with (tmp_path / "audit.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["path"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 46
    assert rows["Positive/00099.png"]["copy_of"] == "Positive/00001.png"
    assert rows["Positive/00099.png"]["findings"] == "exact copies"
    assert rows["Positive/00003.png"]["findings"] == "copies with contradictory labels; near copies"
    assert rows["Positive/empty.jpg"]["error"] == "the file is empty"
    assert rows["Positive/empty.jpg"]["height"] == ""
    assert rows["Negative/large.png"]["width"] == "64"
    assert b"\r" not in (tmp_path / "audit.csv").read_bytes()


def test_contact_sheet_needs_nothing_else_and_escapes_names(messy: Path, tmp_path: Path) -> None:
    write_contact_sheet(tmp_path / "sheet.html", audit(messy))
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "bright &amp; &lt;b&gt;.png" in page
    assert "<b>" not in page
    for kind in set(Kind) - set(SEEN_BY_MODEL):
        assert f"<h2>{kind.capitalize()}: " in page
    # Two exact, two contradictory, four near copies, a size and a colour; the unreadable file has no picture.
    assert page.count("data:image/jpeg;base64,") == 10
    assert "src=" not in page.replace('src="data:image/jpeg;base64,', "")
    assert "http" not in page


def test_contact_sheet_is_capped_and_says_how_many_more(tmp_path: Path) -> None:
    make_classes(tmp_path / "data", 5)
    for number in range(30):
        (tmp_path / "data" / "Positive" / f"bad{number:02d}.jpg").write_bytes(b"")
    write_contact_sheet(tmp_path / "sheet.html", audit(tmp_path / "data"), limit=10)
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 10
    assert "Unreadable: 30 files</h2>" in page
    assert "and 20 more files: see audit.csv" in page
