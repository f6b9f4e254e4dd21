"""Looks at photographs of concrete and says where it is cracked.

The public names are found on first use, so that ``import crackscope`` loads nothing heavy. Type checkers read
the imports below, the interpreter reads `_HOMES`; a test compares the two.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# ONNX Runtime reports its use to its makers, and keeps a number of this machine in the home folder, unless
# this is set before it is imported. Who wants that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from crackscope.adaptation.adapt import Adaptation as Adaptation
    from crackscope.adaptation.adapt import AdaptSettings as AdaptSettings
    from crackscope.adaptation.adapt import adapt as adapt
    from crackscope.adaptation.write import write_adaptation as write_adaptation
    from crackscope.bundle import Bundle as Bundle
    from crackscope.bundle import ModelConfig as ModelConfig
    from crackscope.bundle import load_bundle as load_bundle
    from crackscope.dataset.corrections import Corrections as Corrections
    from crackscope.dataset.corrections import Seen as Seen
    from crackscope.dataset.corrections import read_corrections as read_corrections
    from crackscope.dataset.discover import discover as discover
    from crackscope.dataset.records import Dataset as Dataset
    from crackscope.dataset.records import LabelledPhoto as LabelledPhoto
    from crackscope.errors import CrackscopeError as CrackscopeError
    from crackscope.evaluation.as_seen import EvaluationAsSeen as EvaluationAsSeen
    from crackscope.evaluation.as_seen import evaluate_as_seen as evaluate_as_seen
    from crackscope.evaluation.compare import Comparison as Comparison
    from crackscope.evaluation.compare import compare as compare
    from crackscope.evaluation.evaluate import Evaluation as Evaluation
    from crackscope.evaluation.evaluate import ReviewSummary as ReviewSummary
    from crackscope.evaluation.evaluate import ScoredPhotos as ScoredPhotos
    from crackscope.evaluation.evaluate import evaluate as evaluate
    from crackscope.evaluation.evaluate import score_photos as score_photos
    from crackscope.evaluation.intervals import Interval as Interval
    from crackscope.evaluation.metrics import Metrics as Metrics
    from crackscope.evaluation.photos import GroupedPhoto as GroupedPhoto
    from crackscope.evaluation.photos import find_labelled_photos as find_labelled_photos
    from crackscope.evaluation.report import write_evaluation as write_evaluation
    from crackscope.evaluation.robustness import Robustness as Robustness
    from crackscope.evaluation.robustness import measure_robustness as measure_robustness
    from crackscope.images import Photo as Photo
    from crackscope.images import read_photo as read_photo
    from crackscope.inference.classifier import CrackClassifier as CrackClassifier
    from crackscope.inference.inputs import Reading as Reading
    from crackscope.inference.inputs import ReadyPhoto as ReadyPhoto
    from crackscope.inference.outputs import ModelOutputs as ModelOutputs
    from crackscope.inference.outputs import ScoredPhoto as ScoredPhoto
    from crackscope.inference.settings import ScanSettings as ScanSettings
    from crackscope.inference.site_cut import SiteCut as SiteCut
    from crackscope.inference.site_cut import SiteCutReason as SiteCutReason
    from crackscope.inference.site_cut import SitePredictions as SitePredictions
    from crackscope.inference.verify import Check as Check
    from crackscope.inference.verify import verify_bundle as verify_bundle
    from crackscope.inspection.records import HeatMap as HeatMap
    from crackscope.inspection.records import PhotoReport as PhotoReport
    from crackscope.inspection.records import Region as Region
    from crackscope.inspection.records import TileScore as TileScore
    from crackscope.labels import Label as Label
    from crackscope.labels import ReviewReason as ReviewReason
    from crackscope.photos.items import OpenPhoto as OpenPhoto
    from crackscope.photos.items import PhotoFile as PhotoFile
    from crackscope.photos.items import ScanItem as ScanItem
    from crackscope.photos.metadata import PhotoMetadata as PhotoMetadata
    from crackscope.precision.export import ExportedVariant as ExportedVariant
    from crackscope.precision.export import export_variant as export_variant
    from crackscope.precision.variants import Precision as Precision
    from crackscope.records import Failure as Failure
    from crackscope.records import Prediction as Prediction
    from crackscope.reporting.records import Inspection as Inspection
    from crackscope.reporting.records import Report as Report
    from crackscope.reporting.results_file import scan_report as scan_report
    from crackscope.reporting.write import write_report as write_report
    from crackscope.scanning.folder import ScanSummary as ScanSummary
    from crackscope.scanning.scanner import CrackScanner as CrackScanner
    from crackscope.training.crossval.run import CrossvalPlan as CrossvalPlan
    from crackscope.training.crossval.run import CrossvalResult as CrossvalResult
    from crackscope.training.crossval.run import crossval as crossval
    from crackscope.training.fit import TrainerOptions as TrainerOptions
    from crackscope.training.listener import Listener as Listener
    from crackscope.training.recipe import Recipe as Recipe
    from crackscope.training.recipe_file import load_recipe as load_recipe
    from crackscope.training.run import TrainResult as TrainResult
    from crackscope.training.run import train as train
    from crackscope.training.tune import TuneResult as TuneResult
    from crackscope.training.tune import tune as tune

__version__ = "0.1.0"

#: The module below ``crackscope`` that defines public names.
_HOMES = {
    "adaptation.adapt": ("AdaptSettings", "Adaptation", "adapt"),
    "adaptation.write": ("write_adaptation",),
    "bundle": ("Bundle", "ModelConfig", "load_bundle"),
    "dataset.corrections": ("Corrections", "Seen", "read_corrections"),
    "dataset.discover": ("discover",),
    "dataset.records": ("Dataset", "LabelledPhoto"),
    "errors": ("CrackscopeError",),
    "evaluation.as_seen": ("EvaluationAsSeen", "evaluate_as_seen"),
    "evaluation.compare": ("Comparison", "compare"),
    "evaluation.evaluate": ("Evaluation", "ReviewSummary", "ScoredPhotos", "evaluate", "score_photos"),
    "evaluation.intervals": ("Interval",),
    "evaluation.metrics": ("Metrics",),
    "evaluation.photos": ("GroupedPhoto", "find_labelled_photos"),
    "evaluation.report": ("write_evaluation",),
    "evaluation.robustness": ("Robustness", "measure_robustness"),
    "images": ("Photo", "read_photo"),
    "inference.classifier": ("CrackClassifier",),
    "inference.inputs": ("Reading", "ReadyPhoto"),
    "inference.outputs": ("ModelOutputs", "ScoredPhoto"),
    "inference.settings": ("ScanSettings",),
    "inference.site_cut": ("SiteCut", "SiteCutReason", "SitePredictions"),
    "inference.verify": ("Check", "verify_bundle"),
    "inspection.records": ("HeatMap", "PhotoReport", "Region", "TileScore"),
    "labels": ("Label", "ReviewReason"),
    "photos.items": ("OpenPhoto", "PhotoFile", "ScanItem"),
    "photos.metadata": ("PhotoMetadata",),
    "precision.export": ("ExportedVariant", "export_variant"),
    "precision.variants": ("Precision",),
    "records": ("Failure", "Prediction"),
    "reporting.records": ("Inspection", "Report"),
    "reporting.results_file": ("scan_report",),
    "reporting.write": ("write_report",),
    "scanning.folder": ("ScanSummary",),
    "scanning.scanner": ("CrackScanner",),
    "training.crossval.run": ("CrossvalPlan", "CrossvalResult", "crossval"),
    "training.fit": ("TrainerOptions",),
    "training.listener": ("Listener",),
    "training.recipe": ("Recipe",),
    "training.recipe_file": ("load_recipe",),
    "training.run": ("TrainResult", "train"),
    "training.tune": ("TuneResult", "tune"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

#: What to install where a room's packages are missing.
_EXTRAS = {
    "adaptation": "evaluate",
    "evaluation": "evaluate",
    "precision": "evaluate",
    "reporting": "report",
    "training": "train",
}

__all__ = ["__version__", *sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'crackscope' has no attribute {name!r}")
    home = _HOME_OF[name]
    extra = _EXTRAS.get(home.partition(".")[0])
    if extra is None:
        return getattr(importlib.import_module(f"crackscope.{home}"), name)
    from crackscope.extras import needs_extra

    with needs_extra(extra):
        return getattr(importlib.import_module(f"crackscope.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
