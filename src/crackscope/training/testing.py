"""The last step of a run: the exported model reads the test part, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crackscope.bundle import Bundle, write_config
from crackscope.dataset.records import Manifest
from crackscope.evaluation.evaluate import Evaluation, evaluate
from crackscope.evaluation.metrics import METRICS
from crackscope.evaluation.photos import photos_of_manifest
from crackscope.inference.classifier import CrackClassifier
from crackscope.training.listener import Listener


def evaluate_test_part(bundle: Bundle, manifest: Manifest, listener: Listener) -> Evaluation:
    """Score the test part with the exported model, as prediction does it."""
    classifier = CrackClassifier.load(bundle)
    return evaluate(classifier, photos_of_manifest(manifest), progress=listener.progress)


def add_results(bundle: Bundle, evaluation: Evaluation) -> Bundle:
    """The same model, with its results on the test part in ``model.json`` and card."""
    training = {**bundle.config.training, "test": summarise(evaluation)}
    return write_config(Bundle(bundle.folder, replace(bundle.config, training=training)))


def summarise(evaluation: Evaluation) -> dict[str, Any]:
    """Every metric that these photos define, and its interval, for ``model.json``."""
    values = {name: getattr(evaluation.metrics, name) for name in METRICS}
    limits = {
        name: [interval.low, interval.high]
        for name, interval in evaluation.intervals.items()
        if interval.low is not None and interval.high is not None
    }
    return {
        "n": evaluation.metrics.n,
        "groups": evaluation.n_groups,
        "metrics": {name: value for name, value in values.items() if value is not None},
        "intervals": limits,
        "review_share": evaluation.review.share,
    }
