"""A model folder is read back as it was written, and anything else is refused by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from crackscope.bundle import (
    CARD_NAME,
    CONFIG_NAME,
    ONNX_NAME,
    USUAL_CELLS,
    Bundle,
    Calibration,
    Familiarity,
    ImageQuality,
    ReviewBand,
    load_bundle,
    write_config,
)
from crackscope.errors import BundleError
from tests.helpers.bundles import change_config, write_tiny_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return write_tiny_bundle(tmp_path / "model")


def _edit(bundle: Bundle, **changes: Any) -> None:
    path = bundle.folder / CONFIG_NAME
    document = json.loads(path.read_text(encoding="utf-8"))
    document.update(changes)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_what_was_written_is_read_back(bundle: Bundle) -> None:
    config = dataclasses.replace(
        bundle.config,
        name="Стена 1",
        cells=Calibration(method="none", scale=2.0, bias=-5.0, fitted_on="z"),
        review=ReviewBand(low=0.2, high=0.8, alpha=0.05, fitted_on="x"),
        familiarity=Familiarity(method="euclidean", limit=3.5, quantile=0.99, fitted_on="y"),
        quality=ImageQuality(measure="m", limit=11.5, quantile=0.01, fitted_on="w"),
        training={"data": {"metu": 21000}, "nested": [1, None, "a"]},
        versions={"onnx": "1.0"},
    )
    written = change_config(bundle, **{f.name: getattr(config, f.name) for f in dataclasses.fields(config)})
    assert load_bundle(bundle.folder) == written
    assert load_bundle(bundle.folder).config.training["nested"] == [1, None, "a"]


def test_its_identity_is_the_hash_of_the_network(tmp_path: Path, bundle: Bundle) -> None:
    twin = write_tiny_bundle(tmp_path / "twin")
    other = write_tiny_bundle(tmp_path / "other", calibration_bias=0.5)
    assert bundle.identity == twin.identity != other.identity
    assert len(bundle.identity) == 64


def test_one_changed_byte_is_refused_and_only_then(bundle: Bundle) -> None:
    data = bytearray(bundle.onnx_path.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.onnx_path.write_bytes(data)
    with pytest.raises(BundleError, match="SHA-256 differs"):
        load_bundle(bundle.folder)
    assert load_bundle(bundle.folder, verify=False).config == bundle.config


@pytest.mark.parametrize("name", [ONNX_NAME, CONFIG_NAME])
def test_a_missing_file_is_named(bundle: Bundle, name: str) -> None:
    (bundle.folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        load_bundle(bundle.folder)


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model folder"):
        load_bundle(tmp_path / "nothing")
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="no model folder"):
        load_bundle(tmp_path / "file")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "\udcff"])
def test_a_config_that_is_no_document_is_refused(bundle: Bundle, text: str) -> None:
    (bundle.folder / CONFIG_NAME).write_bytes(text.encode("utf-8", errors="surrogateescape"))
    with pytest.raises(BundleError, match=CONFIG_NAME):
        load_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema_version": 99}, "schema version 99"),
        ({"colour": "red"}, r"unknown keys \['colour'\]; valid keys: .*backbone"),
        ({"labels": ["crack", "none"]}, "labels"),
        ({"input_hw": [64]}, "input_hw"),
        ({"input_hw": [64, 0]}, "input_hw"),
        ({"input_hw": [64, "64"]}, "input_hw"),
        ({"input_hw": "64x64"}, "input_hw"),
        ({"patch_px": 0}, "patch_px"),
        ({"patch_px": True}, "patch_px"),
        ({"threshold": {"value": 1.5, "rule": "r", "fitted_on": "x"}}, "threshold"),
        ({"threshold": {"value": float("nan"), "rule": "r", "fitted_on": "x"}}, "threshold"),
        ({"threshold": {"value": 0.5}}, "threshold"),
        ({"threshold": None}, "threshold"),
        ({"calibration": {"scale": 1.0}}, "calibration"),
        ({"cells": None}, "cells"),
        ({"cells": {"method": "m", "scale": 0.0, "bias": 0.0, "fitted_on": "x"}}, "cells has scale 0.0"),
        ({"cells": {"method": "m", "scale": float("nan"), "bias": 0.0, "fitted_on": "x"}}, "cells has scale"),
        ({"cells": {"method": "m", "scale": 1.0, "bias": float("inf"), "fitted_on": "x"}}, "bias inf"),
        ({"sha256": {}}, "records no SHA-256"),
        ({"name": 5}, "name should be str, found int"),
    ],
)
def test_wrong_values_are_refused_by_name(bundle: Bundle, changes: dict[str, Any], reason: str) -> None:
    _edit(bundle, **changes)
    with pytest.raises(BundleError, match=reason):
        load_bundle(bundle.folder)


def test_a_missing_key_is_refused(bundle: Bundle) -> None:
    path = bundle.folder / CONFIG_NAME
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["backbone"]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BundleError, match="backbone"):
        load_bundle(bundle.folder)


def test_a_model_that_does_not_say_how_sure_cells_are_has_the_usual_numbers(bundle: Bundle) -> None:
    path = bundle.folder / CONFIG_NAME
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["cells"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert load_bundle(bundle.folder).config.cells == USUAL_CELLS


def test_a_config_is_written_anew_with_its_card_beside_the_network(bundle: Bundle) -> None:
    cells = Calibration(method="none", scale=2.0, bias=-5.0, fitted_on="z")
    written = write_config(
        Bundle(bundle.folder, dataclasses.replace(bundle.config, cells=cells, name="Another"))
    )
    assert load_bundle(bundle.folder) == written
    assert written.config.cells == cells
    assert (bundle.folder / CARD_NAME).read_text(encoding="utf-8").startswith("# Another\n")


def test_a_whole_number_may_stand_for_a_float(bundle: Bundle) -> None:
    _edit(bundle, threshold={"value": 1, "rule": "r", "fitted_on": "x"})
    assert load_bundle(bundle.folder).config.threshold.value == 1.0


def test_hashes_of_files_elsewhere_are_refused(bundle: Bundle) -> None:
    _edit(bundle, sha256={**bundle.config.sha256, "../outside.txt": "0" * 64})
    (bundle.folder.parent / "outside.txt").touch()
    with pytest.raises(BundleError, match="outside"):
        load_bundle(bundle.folder)
