"""The page that explains a run folder to whoever opens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crackscope.bundle import Bundle
from crackscope.training.preparation import split_notes
from crackscope.training.run_folder import RunFolder

_CONTENT = (
    ("model", "the trained model: `crackscope predict PHOTOS --model {root}/model`"),
    ("metrics", "results on the test part, with 95 % intervals"),
    ("predictions", "every test photo with its score, label and truth"),
    ("figures", "pictures of data, learning and results"),
    ("recipe", "every choice; `crackscope train DATA --recipe {root}/recipe.toml` does it again"),
    ("manifest", "which photo was in which part, with its group and SHA-256"),
    ("split", "what was found in the data, and what the split did"),
    ("decision", "calibration, threshold and review band, locked before the test part was read"),
    ("history", "every epoch of both stages"),
    ("environment", "versions and machine"),
    ("run", "whose run this is; with it an interrupted run goes on"),
    ("finetune", "checkpoint and logs of stage 2 (`tensorboard --logdir {root}/finetune/logs`)"),
    ("cache", "embeddings and graphs; safe to delete"),
)


def run_readme(folder: RunFolder, bundle: Bundle, stages: dict[str, Any], facts: dict[str, Any]) -> str:
    """The page, as Markdown."""
    config, root = bundle.config, folder.root.name
    return "\n".join(
        [
            f"# Training run `{root}`\n",
            f"{config.backbone} at {config.input_hw[0]} x {config.input_hw[1]} pixels, starting from "
            f"{config.weights}.",
            "",
            *_results(config.training["test"]),
            "## Data\n",
            *(f"- {source}: {_counts(counts)}" for source, counts in facts["sources"].items()),
            *(f"- {note}" for note in split_notes(facts)),
            "",
            "## Stages\n",
            *_stages(stages),
            "",
            "## What lies here\n",
            *_content(folder),
            "",
        ]
    )


def _results(test: dict[str, Any]) -> Iterator[str]:
    yield f"## Results on {test['n']:,} test photos\n"
    yield "| | value | 95 % interval |"
    yield "|---|---:|---|"
    for name, value in test["metrics"].items():
        interval = test["intervals"].get(name)
        span = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else "none"
        yield f"| {name.replace('_', ' ')} | {value:.4f} | {span} |"
    yield ""


def _stages(stages: dict[str, Any]) -> Iterator[str]:
    for stage, name in (("head", "stage 1, the head"), ("finetune", "stage 2, fine-tuning")):
        if stage in stages:
            row, taken = stages[stage], stages["taken"] == stage
            yield (
                f"- {name} ({'taken' if taken else 'not taken'}): validation loss "
                f"{row['validation_loss']:.4f}, accuracy {row['validation_accuracy']:.4f}"
            )


def _content(folder: RunFolder) -> Iterator[str]:
    for name, meaning in _CONTENT:
        path = getattr(folder, name)
        if path.exists():
            slash = "/" if path.is_dir() else ""
            yield f"- `{path.name}{slash}`: {meaning.format(root=folder.root.name)}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {label}" for label, count in counts.items())
