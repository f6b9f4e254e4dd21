from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.corrections import Correction, Seen, read_corrections, write_corrections
from crackscope.dataset.manifest import read_manifest
from crackscope.errors import DataError, MissingClassError, NoPhotosError
from crackscope.labels import Label
from crackscope.storage import sha256_file
from tests.helpers.bundles import write_tiny_bundle
from tests.unit.dataset.photos import make_classes, noise, save

runner = CliRunner()


def test_split_writes_a_manifest_and_prints_what_a_random_split_would_share(tmp_path: Path) -> None:
    data = make_classes(tmp_path / "data", 30)
    for number in range(30):
        source = data / "Positive" / f"{number + 1:05d}.png"
        (data / "Positive" / f"{number + 101:05d}.png").write_bytes(source.read_bytes())
    (data / "Negative" / "empty.png").write_bytes(b"")
    manifest = tmp_path / "out" / "manifest.csv"
    result = runner.invoke(app, ["data", "split", str(data), "--output", str(manifest)])
    assert result.exit_code == 0, result.output
    assert "60 Positive and 31 Negative photos" in result.output
    assert "with an exact copy in training" in result.output
    assert "left out: 1 unreadable file, such as Negative/empty.png (the file is empty)" in result.output
    assert len(read_manifest(manifest, root=data).rows) == 90


def test_split_takes_shares_seed_and_grouping(tmp_path: Path) -> None:
    data = make_classes(tmp_path / "data", 40)
    written = []
    for options in ("--shares 50/25/25", "--seed 1", "--grouping blocks --block-length 2"):
        manifest = tmp_path / "manifest.csv"
        result = runner.invoke(app, ["data", "split", str(data), "-o", str(manifest), *options.split()])
        assert result.exit_code == 0, result.output
        written.append(manifest.read_text(encoding="utf-8"))
    assert len(set(written)) == 3
    assert written[0].count(",train,") == 40
    assert written[2].count(",train,") == 56


def test_audit_prints_tables_and_writes_both_files(tmp_path: Path) -> None:
    data = make_classes(tmp_path / "data", 10)
    save(noise(0), data / "Negative" / "copy.png")
    result = runner.invoke(app, ["data", "audit", str(data), "--output", str(tmp_path / "audit")])
    assert result.exit_code == 0, result.output
    assert "exact copies" in result.output
    assert "48 x 48 (21)" in result.output
    assert {path.name for path in (tmp_path / "audit").iterdir()} == {"audit.csv", "contact_sheet.html"}


@pytest.mark.parametrize("command", ["audit", "split"])
def test_folders_without_usable_photos_are_clear_errors(tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    save(noise(1), tmp_path / "half" / "Positive" / "1.png")
    for folder, expected in (
        ("nowhere", NoPhotosError),
        ("empty", NoPhotosError),
        ("half", MissingClassError),
    ):
        result = runner.invoke(app, ["data", command, str(tmp_path / folder)])
        assert type(result.exception) is expected


@pytest.mark.parametrize(
    ("options", "message"),
    [("--shares 70/20", "cannot read the shares '70/20'"), ("--grouping photo", "unknown grouping 'photo'")],
)
def test_bad_options_are_refused_before_any_photo_is_read(tmp_path: Path, options: str, message: str) -> None:
    result = runner.invoke(app, ["data", "split", str(tmp_path / "nowhere"), *options.split()])
    assert isinstance(result.exception, DataError)
    assert message in str(result.exception)


def test_audit_looks_over_photos_without_labels(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / "model").folder
    for number in range(6):
        save(noise(number, side_px=64), tmp_path / "walls" / "north" / f"{number}.png")
    save(noise(0, side_px=64), tmp_path / "walls" / "copy.png")
    (tmp_path / "walls" / "empty.png").write_bytes(b"")
    result = runner.invoke(
        app, ["data", "audit", str(tmp_path / "walls"), "-m", str(model), "-o", str(tmp_path / "audit")]
    )
    assert result.exit_code == 0, result.output
    assert "8 photos below" in result.output
    for finding in ("unreadable", "exact copies", "most likely cracked", "least likely cracked"):
        assert finding in result.output
    table = (tmp_path / "audit" / "audit.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 9
    assert "most likely cracked" in (tmp_path / "audit" / "contact_sheet.html").read_text().lower()


def test_audit_of_labels_ranks_them_and_writes_a_page_to_look_at_them(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / "model").folder
    rng = np.random.default_rng(0)
    for label, level in (("Positive", 60), ("Negative", 200)):
        for number in range(12):
            # The stand-in model scores darkness: one photo of each class has the look of the other.
            grey = 260 - level if number == 0 else level
            pixels = np.clip(grey + rng.normal(0, 15, (64, 64, 3)), 0, 255).astype(np.uint8)
            save(Image.fromarray(pixels), tmp_path / "walls" / label / f"{number}.png")
    output = tmp_path / "audit"
    result = runner.invoke(
        app, ["data", "audit", str(tmp_path / "walls"), "--labels", "-m", str(model), "-o", str(output)]
    )
    assert result.exit_code == 0, result.output
    rows = (output / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {row.split(",")[0] for row in rows[:2]} == {"Positive/0.png", "Negative/0.png"}
    assert "the model disagrees" in rows[0]
    page = (output / "label_sheet.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 2 * page.count('"sha256"')
    assert "http" not in page.replace("http-equiv", "")


def test_split_takes_labels_as_people_saw_them(tmp_path: Path) -> None:
    data = make_classes(tmp_path / "data", 20)
    wrong = data / "Positive" / "00001.png"
    write_corrections(
        tmp_path / "corrections.csv",
        [
            Correction(
                sha256=sha256_file(wrong), file=wrong.name, given=Label.POSITIVE, seen=Seen.HEALTHY, date=""
            )
        ],
    )
    manifest = tmp_path / "manifest.csv"
    options = ["-o", str(manifest), "--corrections", str(tmp_path / "corrections.csv")]
    result = runner.invoke(app, ["data", "split", str(data), *options])
    assert result.exit_code == 0, result.output
    assert "1 now Negative" in result.output
    labels = {row.path: row.label for row in read_manifest(manifest, root=data).rows}
    assert labels["Positive/00001.png"] is Label.NEGATIVE


def test_two_peoples_corrections_become_one_file_with_their_agreement(tmp_path: Path) -> None:
    for name, seen in (("ann", Seen.CRACK), ("ben", Seen.HEALTHY)):
        rows = [
            Correction(sha256=f"{0:064x}", file="a.jpg", given=Label.POSITIVE, seen=Seen.CRACK, seen_by=name),
            Correction(sha256=f"{1:064x}", file="b.jpg", given=Label.POSITIVE, seen=seen, seen_by=name),
        ]
        write_corrections(tmp_path / f"{name}.csv", rows)
    files = [str(tmp_path / f"{name}.csv") for name in ("ann", "ben")]
    result = runner.invoke(app, ["data", "corrections", *files, "-o", str(tmp_path / "both.csv")])
    assert result.exit_code == 0, result.output
    assert "saw 1 alike (50%)" in result.output
    seen_by_both = [row.seen for row in read_corrections(tmp_path / "both.csv").rows]
    assert seen_by_both == [Seen.CRACK, Seen.NOT_TO_BE_TOLD]
