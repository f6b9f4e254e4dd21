"""A variant is a whole model folder, or there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.bundle import CARD_NAME, USUAL_CELLS, Bundle, load_bundle
from crackscope.cli.app import app
from crackscope.errors import DataError, ExportError, OutputError
from crackscope.evaluation.evaluate import evaluate
from crackscope.evaluation.photos import GroupedPhoto, find_labelled_photos
from crackscope.evaluation.recorded_results import add_measurements
from crackscope.evaluation.report import write_evaluation
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.known_answers import EXACT
from crackscope.inference.open_session import answers_stray, open_session
from crackscope.model_card.card import model_card
from crackscope.precision import export as room
from crackscope.precision.export import export_variant
from crackscope.precision.gate import GateResult
from crackscope.precision.variants import Precision
from tests.helpers.adaptable import write_adaptable_bundle
from tests.helpers.patches import write_patches


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return write_adaptable_bundle(tmp_path / "base")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_patches(tmp_path / "data", 12)
    return tmp_path / "data"


@pytest.fixture
def photos(data: Path) -> tuple[GroupedPhoto, ...]:
    return find_labelled_photos([data])


def test_a_variant_that_passes_is_a_whole_model_with_its_gate(
    base: Bundle, photos: tuple[GroupedPhoto, ...], tmp_path: Path
) -> None:
    found = export_variant(base.folder, Precision.FP16, photos, tmp_path / "half")
    bundle = load_bundle(tmp_path / "half")
    assert bundle.config.name == "Line filters, fp16"
    assert bundle.config.threshold == base.config.threshold
    assert bundle.config.cells == base.config.cells != USUAL_CELLS
    facts = bundle.config.training["precision"]
    assert (facts["name"], facts["base_sha256"]) == ("fp16", base.identity)
    assert facts["gate"]["photos"] == found.gate.photos == 24
    card = (bundle.folder / CARD_NAME).read_text(encoding="utf-8")
    assert card == model_card(bundle.config)
    assert f"The network in fp16, made of another (SHA-256 {base.identity[:16]}" in card
    assert f"Against it, {found.gate}." in card
    CrackClassifier.load(bundle.folder).predict([str(photo.file) for photo in photos])


def test_a_variant_has_no_measurements_of_the_model_it_was_made_of(
    base: Bundle, photos: tuple[GroupedPhoto, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "measured"
    shutil.copytree(base.folder, folder)
    write_evaluation(tmp_path / "results", evaluate(CrackClassifier.load(folder), photos, n_resamples=20))
    add_measurements(load_bundle(folder), {"a wall": tmp_path / "results"}, {})
    export_variant(folder, Precision.FP16, photos, tmp_path / "half")
    card = (tmp_path / "half" / CARD_NAME).read_text(encoding="utf-8")

    assert "| a wall: " in (folder / CARD_NAME).read_text(encoding="utf-8")
    assert "a wall" not in card
    assert card.count("## Precision") == 1
    assert load_bundle(tmp_path / "half").config.measured == {}


def test_a_variant_that_is_refused_leaves_nothing(
    base: Bundle, photos: tuple[GroupedPhoto, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = GateResult(
        photos=24,
        groups=24,
        auroc=(0.9, 0.88),
        recall=(0.9, 0.9),
        specificity=(1, 1),
        labels_changed=0.0,
        score_difference=0.2,
    )
    monkeypatch.setattr(room, "compare_variant", lambda model, variant: worse)
    with pytest.raises(
        ExportError, match=r"fp16 is refused: AUROC falls from 0\.9000 to 0\.8800 .* on 24 photos"
    ):
        export_variant(base.folder, Precision.FP16, photos, tmp_path / "half")
    assert not (tmp_path / "half").exists()


def test_int8_is_judged_on_other_groups_than_it_was_made_with(
    base: Bundle, photos: tuple[GroupedPhoto, ...]
) -> None:
    calibration, judged = room.share_out(photos, seed=0)
    assert not {one.group for one in calibration} & {one.group for one in judged}
    assert {one.truth for one in calibration} == {one.truth for one in judged}
    assert len(judged) == 18
    with pytest.raises(DataError, match=r"int8 needs photos of both classes .* 1 groups of 1 photos"):
        room.share_out(photos[:1], seed=0)


def test_integers_come_with_answers_that_processors_are_held_to(
    base: Bundle, photos: tuple[GroupedPhoto, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GateResult, "objections", lambda self: [])
    export_variant(base.folder, Precision.INT8, photos, tmp_path / "int8")
    bundle = load_bundle(tmp_path / "int8")
    assert bundle.config.answers is not None
    assert answers_stray(open_session(bundle, device="cpu")) <= EXACT
    export_variant(base.folder, Precision.FP16, photos, tmp_path / "half")
    assert load_bundle(tmp_path / "half").config.answers is None


def test_the_command_writes_the_model_and_says_what_it_measured(
    base: Bundle, data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "single"
    arguments = ["export", base.folder, "--precision", "fp32", "--data", data, "--output", output]
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    assert "passed: on 24 photos in 24 groups: AUROC" in result.stdout
    assert load_bundle(output).config.name == "Line filters, fp32"

    again = CliRunner().invoke(app, [str(one) for one in arguments])
    assert isinstance(again.exception, OutputError)
