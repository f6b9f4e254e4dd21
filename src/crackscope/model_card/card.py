"""The card beside every model: what it is for, what made it, how good it is, what it does not know."""

from __future__ import annotations

from typing import Any

from crackscope.model_card.measured import measured_section
from crackscope.model_card.site import site_section
from crackscope.model_config import ModelConfig

_HEADLINE = ("accuracy", "balanced_accuracy", "recall", "specificity", "precision", "f1", "mcc", "auroc")


def model_card(config: ModelConfig) -> str:
    """The card as Markdown, made of ``model.json`` alone."""
    training = config.training
    first = _first_training(training)
    sections = [
        _title(config),
        _use(config),
        site_section(training),
        _data(first),
        _results(first),
        _decision(config),
        _making(config, first),
        _precision(training),
        measured_section(config.measured),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _first_training(training: dict[str, Any]) -> dict[str, Any]:
    """Of a model adapted to a site: how the model that it came from was trained."""
    while "base" in training:
        training = training["base"]
    return training


def _title(config: ModelConfig) -> str:
    height, width = config.input_hw
    return (
        f"# {config.name}\n\n"
        "Classifies a photographed patch of concrete as Positive (a crack is visible) or Negative.\n"
        f"{config.backbone} at {height} x {width} pixels, made {config.created}."
    )


def _use(config: ModelConfig) -> str:
    return (
        "## What it is for\n\n"
        f"Patches of concrete surfaces like its training patches of about {config.patch_px} x "
        f"{config.patch_px} pixels. A larger photo is looked at in tiles at its own scale.\n"
        "It points a person to places worth looking at. It is no judgement on the safety of a structure: it "
        "does not\nknow how deep or how old a crack is, and joints, edges, shadows and formwork lines can "
        "look like cracks to it."
    )


def _data(training: dict[str, Any]) -> str:
    if "sources" not in training.get("data", {}):
        return ""
    rows = [
        f"| {source} | {count['Positive']:,} | {count['Negative']:,} |"
        for source, count in training["data"]["sources"].items()
    ]
    counts = training["data"]["parts"].items()
    parts = ", ".join(f"{part} {sum(count.values()):,}" for part, count in counts)
    return "\n".join(
        [
            "## Training data\n",
            "| source | Positive | Negative |",
            "|---|---:|---:|",
            *rows,
            "",
            f"Split by group ({training['data']['grouping']}): {parts}.",
            *([f"\n{training['data']['note']}"] if training["data"].get("note") else []),
        ]
    )


def _results(training: dict[str, Any]) -> str:
    if "test" not in training:
        return ""
    test = training["test"]
    rows = []
    for name in _HEADLINE:
        value, interval = test["metrics"].get(name), test["intervals"].get(name)
        if value is not None:
            span = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""
            rows.append(f"| {name.replace('_', ' ')} | {value:.4f} | {span} |")
    return "\n".join(
        [
            "## Results on its test part\n",
            f"{test['n']:,} photos, {_reading(training)}\n",
            "| | value | 95 % interval |",
            "|---|---:|---|",
            *rows,
        ]
    )


def _reading(training: dict[str, Any]) -> str:
    if selection := training.get("recipe", {}).get("card", {}).get("selection"):
        return f"none of which was trained or calibrated on. {selection}"
    return "read once, after everything was decided."


def _decision(config: ModelConfig) -> str:
    lines = [
        f"- Positive from a score of {config.threshold.value:.4f} ({config.threshold.rule}, "
        f"chosen on {config.threshold.fitted_on})",
        f"- Calibration: {config.calibration.method} (fitted on {config.calibration.fitted_on})",
    ]
    if config.review is not None and config.review.low <= config.review.high:
        lines.append(
            f"- Scores from {config.review.low:.4f} to {config.review.high:.4f} are marked for review as "
            "`uncertain`"
        )
    if config.quality is not None:
        lines.append(
            f"- Photos with a sharpness below {config.quality.limit:.3f} are marked as `poor image quality`; "
            f"{config.quality.quantile:.0%} of {config.quality.fitted_on} lie below"
        )
    if config.familiarity is not None:
        lines.append(
            f"- Photos farther than {config.familiarity.limit:.3f} from the training data are marked as "
            f"`unfamiliar`; {config.familiarity.quantile:.0%} of {config.familiarity.fitted_on} are nearer"
        )
    return "## How it decides\n\n" + "\n".join(lines)


def _making(config: ModelConfig, training: dict[str, Any]) -> str:
    lines = [f"- Starting weights: {config.weights}"]
    if parity := training.get("parity"):
        lines.append(
            f"- ONNX against PyTorch on {parity['images']} real images: scores differ by at most "
            f"{parity['score_difference']:.1e}, {parity['labels_changed']} labels differ"
        )
    lines.append("- Versions: " + ", ".join(f"{name} {found}" for name, found in config.versions.items()))
    return "## How it was made\n\n" + "\n".join(lines) + "\n\nThe whole recipe is in `model.json`."


def _precision(training: dict[str, Any]) -> str:
    if "precision" not in training:
        # A model that is adapted to a site computes as the model that it came from.
        return _precision(training["base"]) if "base" in training else ""
    facts = training["precision"]
    base = f", made of another (SHA-256 {facts['base_sha256'][:16]}…)" if "base_sha256" in facts else ""
    # Models of earlier versions have the gate's numbers, and no sentence of them.
    against = f" Against it, {facts['finding']}." if "finding" in facts else ""
    network = f"The network in {facts['name']}{base}.{against}"
    return f"## Precision\n\n{network} The results on the test part are that model's."
