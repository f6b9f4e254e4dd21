"""`crackscope predict` as a person uses it: what is printed where, and how it ends."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from crackscope import CrackScanner
from crackscope.cli.app import app
from crackscope.cli.predict import predict
from crackscope.errors import BundleError, CrackscopeError, NoPhotosError, SettingsError
from crackscope.inference.session import BATCH_SIZE
from crackscope.inference.settings import USUAL
from crackscope.records import COLUMNS
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.waiting import PATIENCE_S

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model")).folder


@pytest.fixture
def run(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a folder with dark.png, light.png, large.png (1,000 px), bad.jpg, sub/dark.png."""
    for name, grey, side in (("dark", 0, 64), ("light", 255, 64), ("large", 255, 1000), ("sub/dark", 9, 64)):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((side, side, 3), grey, np.uint8)).save(path)
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, standard_input: bytes | None = None) -> Result:
        return CliRunner().invoke(
            app, ["predict", *map(str, arguments), "--model", str(model)], input=standard_input
        )

    return invoke


def _rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_a_folder_gives_a_row_for_each_photo_and_counts_on_standard_error(run: Run) -> None:
    result = run(".", "--format", "csv")
    assert result.exit_code == 0
    assert [(row["path"], row["label"]) for row in _rows(result)] == [
        (os.path.join(".", name), label)  # noqa: PTH118 - Path would drop the dot
        for name, label in (
            ("bad.jpg", ""),
            ("dark.png", "Positive"),
            ("large.png", "Negative"),
            ("light.png", "Negative"),
            (str(Path("sub", "dark.png")), "Positive"),
        )
    ]
    assert "5 photos" in result.stderr
    assert "2 Positive, 2 Negative, 0 to review, 1 errors" in result.stderr


def test_a_photo_larger_than_a_patch_has_the_answer_of_its_scan(
    run: Run, model: Path, tmp_path: Path
) -> None:
    [row] = [json.loads(line) for line in run("large.png", "--format", "jsonl").stdout.splitlines()]
    report = CrackScanner.load(model).scan(tmp_path / "large.png")
    assert len(report.tiles) > 1
    assert (row["label"], row["score"], row["reason"]) == (report.label, report.score, report.reason)


def test_quiet_leaves_standard_error_empty(run: Run) -> None:
    assert run("large.png", "bad.jpg", "--quiet").stderr == ""


def test_strict_exits_1_with_bad_files_and_0_without(run: Run) -> None:
    assert run(".", "--strict").exit_code == 1
    assert run("dark.png", "--strict").exit_code == 0


def test_the_threshold_can_be_set(run: Run) -> None:
    [row] = _rows(run("light.png", "--threshold", "0.001", "--format", "csv"))
    assert (row["label"], row["threshold"]) == ("Positive", "0.001")


def test_corners_are_looked_at_where_asked_for(run: Run, tmp_path: Path) -> None:
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[:16, :16] = 0
    Image.fromarray(pixels).save(tmp_path / "corner.png")
    [plain] = _rows(run("corner.png", "--format", "csv"))
    [augmented] = _rows(run("corner.png", "--tta", "--format", "csv"))
    assert float(plain["score"]) == pytest.approx(0.0293, abs=1e-4)
    # One of five looks has odds of 0.045, the whole photo 0.030 and three corners 0.018.
    assert float(augmented["score"]) == pytest.approx(0.0253, abs=1e-3)


def test_paths_come_from_standard_input_too(run: Run) -> None:
    result = run(
        "light.png", "-", "--format", "csv", standard_input="dark.png\r\n\nsub\nwände.png\n".encode()
    )
    assert [row["path"] for row in _rows(result)] == [
        "light.png", "dark.png", str(Path("sub", "dark.png")), "wände.png"
    ]  # fmt: skip
    assert _rows(result)[-1]["error"]


@pytest.mark.parametrize(
    ("name", "first"),
    [("rows.csv", "path,"), ("rows.json", "["), ("rows.jsonl", '{"path"')],
)
def test_the_format_follows_the_ending_of_the_output(run: Run, tmp_path: Path, name: str, first: str) -> None:
    result = run("dark.png", "--output", tmp_path / "new" / name)
    assert result.stdout == ""
    assert (tmp_path / "new" / name).read_bytes().startswith(first.encode())
    assert b"\r" not in (tmp_path / "new" / name).read_bytes()
    assert name in result.stderr


def test_parquet_has_the_columns_of_all_formats(run: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run(".", "--output", tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").column_names == list(COLUMNS)
    assert run(".", "--format", "parquet").exit_code == 2


def test_no_photo_at_all_is_an_error_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    result = run("nothing.jpg", "--output", tmp_path / "rows.csv")
    assert isinstance(result.exception, NoPhotosError)
    assert not (tmp_path / "rows.csv").exists()


def test_a_missing_path_beside_a_photo_is_a_row(run: Run) -> None:
    result = run("nothing.jpg", "dark.png", "--format", "csv")
    assert result.exit_code == 0
    assert [row["error"] for row in _rows(result)] == ["no such file or folder", ""]


def test_a_damaged_model_is_refused_before_any_photo_is_looked_for(run: Run, tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "damaged")
    bundle.onnx_path.write_bytes(b"x")
    result = CliRunner().invoke(app, ["predict", "-", "--model", str(bundle.folder)])
    assert isinstance(result.exception, BundleError)


@pytest.mark.parametrize("flag", [("--device", "directml"), ("--device", "cuda")])
def test_a_device_that_is_not_here_is_an_error(run: Run, flag: tuple[str, str]) -> None:
    result = run("dark.png", *flag)
    if result.exit_code == 0:
        pytest.skip("this machine has that device")
    assert isinstance(result.exception, SettingsError)


def test_defaults_are_those_of_python() -> None:
    defaults = {name: p.default for name, p in inspect.signature(predict).parameters.items()}
    assert defaults["batch_size"] == BATCH_SIZE
    assert defaults["limit_pixels"] == USUAL.limit_pixels


def test_errors_of_ours_are_not_tracebacks(model: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crackscope", "predict", str(tmp_path), "--model", str(model)],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: no photo found")
    assert issubclass(NoPhotosError, CrackscopeError)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file names")
def test_a_console_in_another_code_page_gets_utf8_and_lf(model: Path, tmp_path: Path) -> None:
    name = tmp_path / os.fsdecode("стена\n壁".encode() + b"\xff.png")
    Image.new("RGB", (64, 64)).save(name, "PNG")
    done = subprocess.run(
        [sys.executable, "-m", "crackscope", "predict", str(tmp_path), "--model", str(model), "-f", "csv"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=PATIENCE_S,
        check=True,
    )
    lines = done.stdout.decode("utf-8").split("\n")
    assert len(lines) == 3
    assert "стена\\n壁\\udcff.png,Positive," in lines[1]
