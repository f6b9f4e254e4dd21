"""What was measured of a model lies in its folder, and only of that very model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crackscope.bundle import CARD_NAME, load_bundle
from crackscope.dataset.corrections import Correction, Corrections, Seen
from crackscope.errors import DataError
from crackscope.evaluation.as_seen import evaluate_as_seen
from crackscope.evaluation.evaluate import evaluate
from crackscope.evaluation.photos import find_labelled_photos
from crackscope.evaluation.recorded_results import add_measurements
from crackscope.evaluation.report import write_evaluation
from crackscope.evaluation.robustness import measure_robustness
from crackscope.evaluation.robustness_report import write_robustness
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.model_card.card import model_card
from crackscope.storage import sha256_file


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, data: Path, classifier: CrackClassifier) -> Path:
    folder = tmp_path_factory.mktemp("results")
    photos = find_labelled_photos([data])
    write_evaluation(folder, evaluate(classifier, photos, n_resamples=50))
    write_robustness(folder, measure_robustness(classifier, photos, n_resamples=50))
    return folder


@pytest.fixture
def copy(tmp_path: Path, model: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    return folder


def test_card_and_config_say_what_was_measured(copy: Path, results: Path) -> None:
    add_measurements(load_bundle(copy), {"a wall": results}, {"a dark wall": results})
    measured, card = load_bundle(copy).config.measured, (copy / CARD_NAME).read_text(encoding="utf-8")

    assert measured["evaluations"]["a wall"]["recall"][0] == pytest.approx(5 / 6)
    assert measured["evaluations"]["a wall"]["coverage"]["Positive"][0] == 1
    assert card == model_card(load_bundle(copy).config)
    assert "| a wall: 12 (11 groups) | 0.8333 [" in card
    assert "- a dark wall: of 12 photos distorted in " in card


def test_results_of_the_same_name_are_replaced_and_others_stay(copy: Path, results: Path) -> None:
    add_measurements(load_bundle(copy), {"a wall": results, "a bridge": results}, {})
    add_measurements(load_bundle(copy), {"a wall": results}, {})
    card = (copy / CARD_NAME).read_text(encoding="utf-8")

    assert list(load_bundle(copy).config.measured["evaluations"]) == ["a wall", "a bridge"]
    assert card.count("## Measured at its threshold") == 1
    assert card.count("| a wall: ") == card.count("| a bridge: ") == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": {"name": "A model", "sha256": "0" * 64}}, "has results of A model"),
        ({"model": {"name": "A model, test-time augmentation", "sha256": "same"}}, "test-time augmentation"),
        ({"threshold": 0.25}, "at the threshold 0.25"),
        ({"review": {"share": 0.1}}, "lacks 'share_interval'"),
    ],
)
def test_results_of_something_else_are_refused(
    tmp_path: Path, copy: Path, results: Path, change: dict[str, object], said: str
) -> None:
    document = json.loads((results / "metrics.json").read_text(encoding="utf-8"))
    document |= change
    if document["model"]["sha256"] == "same":
        document["model"]["sha256"] = load_bundle(copy).identity
    (tmp_path / "metrics.json").write_text(json.dumps(document), encoding="utf-8")
    before = (copy / CARD_NAME).read_bytes()

    with pytest.raises(DataError, match=said):
        add_measurements(load_bundle(copy), {"a wall": tmp_path}, {})
    assert (copy / CARD_NAME).read_bytes() == before


def test_a_folder_without_results_is_refused(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(DataError, match=r"metrics.json.*crackscope evaluate"):
        add_measurements(load_bundle(copy), {"a wall": tmp_path}, {})


def test_results_by_corrected_labels_stand_beside_those_as_published(
    copy: Path, data: Path, classifier: CrackClassifier, tmp_path: Path
) -> None:
    missed = data / "Positive" / "3.png"
    row = Correction(sha256=sha256_file(missed), file=missed.name, given=Label.POSITIVE, seen=Seen.HEALTHY)
    corrections = Corrections(name="mine.csv", rows=(row,))
    published = evaluate(classifier, find_labelled_photos([data], corrections=corrections), n_resamples=50)
    write_evaluation(tmp_path / "results", published, evaluate_as_seen(published, corrections))
    add_measurements(load_bundle(copy), {"a wall": tmp_path / "results"}, {})
    measured = load_bundle(copy).config.measured["evaluations"]
    assert measured["a wall"]["recall"][0] == pytest.approx(5 / 6)
    assert measured["a wall, corrected labels"]["recall"][0] == 1
