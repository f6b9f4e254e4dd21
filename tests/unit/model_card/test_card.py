from __future__ import annotations

from crackscope.bundle import (
    CARD_NAME,
    Calibration,
    Familiarity,
    ImageQuality,
    ModelConfig,
    ReviewBand,
    Threshold,
    load_bundle,
    shipped_bundle_path,
)
from crackscope.model_card.card import model_card

BARE = {
    "name": "A wall detector",
    "created": "today",
    "input_hw": (64, 64),
    "patch_px": 227,
    "backbone": "resnet18",
    "weights": "none: random weights (not applicable)",
    "threshold": Threshold(value=0.25, rule="recall>=0.99", fitted_on="a few photos"),
    "calibration": Calibration(method="none", scale=1.0, bias=0.0, fitted_on="a few photos"),
}


def config(**changes: object) -> ModelConfig:
    return ModelConfig(**{**BARE, **changes})  # type: ignore[arg-type]


def test_a_bare_model_still_has_a_card() -> None:
    card = model_card(config())
    assert card.startswith("# A wall detector\n")
    assert "0.2500 (recall>=0.99, chosen on a few photos)" in card
    assert "227 x 227" in card
    assert "Training data" not in card
    assert "Results" not in card


def test_the_card_says_what_the_config_knows() -> None:
    card = model_card(
        config(
            review=ReviewBand(low=0.2, high=0.8, alpha=0.05, fitted_on="x"),
            familiarity=Familiarity(method="m", limit=2.5, quantile=0.99, fitted_on="x"),
            quality=ImageQuality(measure="sharpness", limit=12.25, quantile=0.01, fitted_on="120 photos"),
            training={
                "data": {
                    "sources": {"metu": {"Positive": 1200, "Negative": 800}},
                    "parts": {"train": {"Positive": 1000, "Negative": 600}},
                    "grouping": "auto",
                    "note": "METU, CC BY 4.0",
                },
                "test": {"n": 300, "metrics": {"accuracy": 0.99}, "intervals": {"accuracy": [0.98, 1.0]}},
                "parity": {"images": 40, "score_difference": 2e-6, "labels_changed": 0},
            },
        )
    )
    for said in (
        "| metu | 1,200 | 800 |",
        "train 1,600",
        "METU, CC BY 4.0",
        "| accuracy | 0.9900 | 0.9800 to 1.0000 |",
        "0.2000 to 0.8000",
        "2.500",
        "sharpness below 12.250",
        "1% of 120 photos lie below",
        "2.0e-06",
    ):
        assert said in card


def test_a_card_claims_that_the_test_part_was_read_once_only_where_nothing_was_chosen_by_it() -> None:
    test = {"n": 300, "metrics": {}, "intervals": {}}
    assert "300 photos, read once" in model_card(config(training={"test": test}))
    recipe = {"card": {"selection": "The looks were chosen by it."}}
    card = model_card(config(training={"test": test, "recipe": recipe}))
    assert "none of which was trained or calibrated on. The looks were chosen by it." in card
    assert "read once" not in card


def test_the_card_of_the_shipped_detector_is_made_of_its_config() -> None:
    bundle = load_bundle(shipped_bundle_path())
    assert (bundle.folder / CARD_NAME).read_text(encoding="utf-8") == model_card(bundle.config)


def test_a_network_in_another_precision_says_so_also_once_it_is_adapted() -> None:
    facts = {"name": "int8", "base_sha256": "f" * 64, "gate": {}, "calibration_photos": 128}
    assert "The network in int8. The results" in model_card(config(training={"precision": {"name": "int8"}}))
    # Without the sentence: written by an earlier version.
    assert "The network in int8" in model_card(config(training={"precision": facts}))
    found = {"precision": {**facts, "finding": "nothing differs"}}
    card = model_card(config(training={"base": found}))
    assert "Against it, nothing differs." in card


def test_a_band_the_wrong_way_round_reviews_nothing_and_is_not_mentioned() -> None:
    card = model_card(config(review=ReviewBand(low=1.0, high=0.0, alpha=0.05, fitted_on="x")))
    assert "uncertain" not in card


def test_the_shipped_detector_was_measured_on_what_it_has_and_has_not_seen() -> None:
    bundle = load_bundle(shipped_bundle_path())
    assert {name.split(",")[0] for name in bundle.config.measured["evaluations"]} == {
        "METU",
        "SDNET2018 walls",
        "bridge",
        "UAV75 tiles",
    }
