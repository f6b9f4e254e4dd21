from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.manifest import read_manifest
from crackscope.errors import DataError, MissingClassError, NoPhotosError
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
