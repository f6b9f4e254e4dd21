"""What was measured of a model on photos, kept in its folder: ``model.json`` and the card say it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from crackscope.bundle import Bundle, write_config
from crackscope.errors import DataError
from crackscope.metric_text import estimate_text

_COLUMNS = ("balanced_accuracy", "auroc", "recall", "specificity", "ece")


def add_measurements(
    bundle: Bundle, evaluations: Mapping[str, Path], robustness: Mapping[str, Path]
) -> Bundle:
    """Put results into a model's folder; one of the same name is replaced, the others stay.

    Results of the same network with another review band are not told apart.

    Args:
        bundle: The model.
        evaluations: Folders that ``crackscope evaluate --output`` wrote, by what the photos are called.
        robustness: Likewise of ``crackscope robustness --output``.

    Raises:
        DataError: A folder holds no such results, or those of another model, another threshold or with
            test-time augmentation.
        OutputError: The model's folder can't be written to.
    """
    found = {
        "evaluations": {
            title: one
            for name, folder in evaluations.items()
            for title, one in _evaluations(bundle, name, folder).items()
        },
        "robustness": {name: _robustness(bundle, folder) for name, folder in robustness.items()},
    }
    found = {kind: {**bundle.config.measured.get(kind, {}), **new} for kind, new in found.items()}
    config = replace(bundle.config, measured=found)
    return write_config(Bundle(bundle.folder, config))


def _evaluations(bundle: Bundle, name: str, folder: Path) -> dict[str, dict[str, Any]]:
    """The results by the labels as published and, where there were corrections, by the corrected ones."""
    path = folder / "metrics.json"
    with _as_written(path, "crackscope evaluate") as document:
        model = document["model"]
        _check(bundle, model["name"], model["sha256"], document["threshold"], folder)
        found = {name: _results(document)}
        if "as_seen" in document:
            found[f"{name}, corrected labels"] = _results(document["as_seen"])
        return found


def _results(document: Mapping[str, Any]) -> dict[str, Any]:
    review = document["review"]
    return {
        "photos": document["photos"],
        "groups": document["groups"],
        **{name: _estimate(document["metrics"][name], document["metrics"][name]) for name in _COLUMNS},
        "review": _estimate({"value": review["share"]}, review["share_interval"]),
        "coverage": {name: _estimate(one, one["interval"]) for name, one in review["coverage"].items()},
    }


def _robustness(bundle: Bundle, folder: Path) -> dict[str, Any]:
    path = folder / "robustness.json"
    with _as_written(path, "crackscope robustness") as document:
        _check(bundle, document["model"], document["identity"], document["threshold"], folder)
        clean, *distorted = document["conditions"]
        worst = min(distorted, key=lambda one: _or_one(one["values"]["recall"]))
        recall, specificity = (
            f"{estimate_text(*_limits(worst, name))} for {estimate_text(*_limits(clean, name))}"
            for name in ("recall", "specificity")
        )
        return {
            "photos": document["photos"],
            "groups": document["groups"],
            "worst": f"of {document['photos']:,} photos distorted in {len(distorted)} ways recall is lowest "
            f"under {worst['distortion']} {worst['strength']:g}, {recall} as they are, with "
            f"{worst['review_share']:.1%} sent to review; specificity there is {specificity}",
        }


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else value


def _limits(condition: Mapping[str, Any], name: str) -> list[float | None]:
    return _estimate({"value": condition["values"][name]}, condition["intervals"][name])


def _estimate(value: Mapping[str, Any], interval: Mapping[str, Any] | None) -> list[float | None]:
    limits = interval or {"low": None, "high": None}
    return [value["value"], limits["low"], limits["high"]]


@contextmanager
def _as_written(path: Path, command: str) -> Iterator[Any]:
    """The document of a file, and one error for whatever it lacks."""
    advice = f"it is written by this version of {command} DATA --output FOLDER"
    try:
        yield json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}; {advice}") from error
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} lacks {error}; {advice}") from error


def _check(bundle: Bundle, name: str, identity: str, threshold: float, folder: Path) -> None:
    config = bundle.config
    if identity != bundle.identity or name != config.name:
        raise DataError(f"{folder} has results of {name} ({identity[:16]}…), not of {config.name}")
    if threshold != config.threshold.value:
        raise DataError(
            f"{folder} has results at the threshold {threshold:g}; the model's is {config.threshold.value:g}"
        )
