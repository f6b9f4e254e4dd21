"""An adaptation as a model folder: graph, ``model.json``, card, and the sheet as ``adaptation.json``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.adaptation.adapt import Adaptation
from crackscope.adaptation.graph import write_graph
from crackscope.adaptation.sheet import Expected, Sheet
from crackscope.bundle import CARD_NAME, ONNX_NAME, Bundle, ModelConfig, write_bundle
from crackscope.errors import ExportError
from crackscope.evaluation.metrics import TITLES
from crackscope.evaluation.tables import Table, limits_text, number_text
from crackscope.inference.verify import verify_bundle
from crackscope.storage import atomic_folder, write_json

ADAPTATION_NAME = "adaptation.json"


def write_adaptation(folder: Path, adaptation: Adaptation) -> Bundle:
    """Write the model folder, replacing an older one; it appears whole and verified, or not at all.

    Raises:
        ExportError: The new model breaks a promise of model folders; see ``crackscope model verify``.
        OutputError: The folder can't be written.
    """
    config = adapted_config(adaptation)
    with atomic_folder(folder) as temporary:
        write_graph(adaptation.base, adaptation.head, adaptation.calibration, temporary / ONNX_NAME)
        write_json(temporary / ADAPTATION_NAME, adaptation_document(adaptation))
        bundle = write_bundle(temporary, config, adapted_card(adaptation, config))
        if broken := [check for check in verify_bundle(temporary) if check.passed is False]:
            found = "; ".join(f"{check.name}: {check.detail}" for check in broken)
            raise ExportError(f"the adapted model is not sound and was not written: {found}")
    return Bundle(folder, bundle.config)


def adapted_config(adaptation: Adaptation) -> ModelConfig:
    """``model.json`` of the new model: what was fitted is new, the rest is the old model's."""
    old = adaptation.base.config
    name = old.name.removesuffix(_SUFFIX) + _SUFFIX
    return replace(
        old,
        name=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        threshold=adaptation.threshold,
        calibration=adaptation.calibration,
        review=adaptation.review.band,
        familiarity=adaptation.familiarity,
        training={
            "adapted_from": {"name": old.name, "created": old.created, "sha256": adaptation.base.identity},
            "adaptation": adaptation_document(adaptation),
            "base": old.training,
        },
        measured={},
        versions={**old.versions, "crackscope": __version__},
    )


def adaptation_document(adaptation: Adaptation) -> dict[str, Any]:
    """The content of ``adaptation.json``."""
    return {
        "crackscope": __version__,
        "base": {"name": adaptation.base.config.name, "sha256": adaptation.base.identity},
        "tiles": asdict(adaptation.counts),
        "not_read": [asdict(failure) for failure in adaptation.failures],
        "reach": adaptation.reach,
        "threshold": asdict(adaptation.threshold),
        "calibration": asdict(adaptation.calibration),
        "review": asdict(adaptation.review),
        "familiarity": None if adaptation.familiarity is None else asdict(adaptation.familiarity),
        "unfamiliar_before": adaptation.unfamiliar_before,
        "sheet": asdict(adaptation.sheet),
    }


def sheet_table(sheet: Sheet) -> Table:
    """What to expect on the site before and after, with 95 % intervals."""
    return Table(
        title=f"Expected on new photos of this site, from {sheet.judged_on}",
        columns=("", "before", "95 % interval", "after", "95 % interval"),
        rows=tuple(
            (TITLES[before.metric], *_cells(before), *_cells(after))
            for before, after in zip(sheet.before, sheet.after, strict=True)
        ),
        notes=(*sheet.advice, *_curve_note(sheet)),
    )


def notes(adaptation: Adaptation) -> tuple[str, ...]:
    """What the table does not say: band, familiarity, and what could not be read."""
    found = [f"Review band: {adaptation.review.reason}."]
    if adaptation.unfamiliar_before:
        found.append(
            f"The old model calls {adaptation.unfamiliar_before:.0%} of these photos unfamiliar; the new one "
            "knows them."
        )
    if adaptation.failures:
        found.append(f"{len(adaptation.failures):,} photos could not be read and were left out.")
    if adaptation.counts.positive == 0:
        found.append(
            "No real crack of the site was seen: recall is that of painted cracks. A few labelled tiles "
            "would tell."
        )
    return tuple(found)


def adapted_card(adaptation: Adaptation, config: ModelConfig) -> str:
    """The sheet as a card, and the old model's card below it."""
    table = sheet_table(adaptation.sheet)
    counts = adaptation.counts
    lines = [
        f"# {config.name}",
        "",
        f"{adaptation.base.config.name} with head, calibration, threshold and review band fitted to one "
        f"site: {counts.positive:,} Positive and {counts.negative:,} Negative labelled tiles, "
        f"{counts.healthy:,} healthy tiles with painted cracks. For that site only.",
        "",
        "## Go or no-go",
        "",
        table.title + ":",
        "",
        *_markdown(table),
        "",
        *(f"- {note}" for note in (*table.notes, *notes(adaptation))),
        "",
        f"Positive from a score of {config.threshold.value:.4f} ({config.threshold.rule}). "
        f"The numbers are in `{ADAPTATION_NAME}`.",
        "",
        "## The model it was adapted from",
        "",
        _old_card(adaptation.base),
    ]
    return "\n".join(lines).rstrip() + "\n"


_SUFFIX = ", adapted to a site"


def _cells(expected: Expected) -> tuple[str, str]:
    return number_text(expected.value), limits_text(expected.low, expected.high)


def _curve_note(sheet: Sheet) -> list[str]:
    if len(sheet.curve) < 2:
        return []
    points = ", ".join(f"{point.balanced_accuracy:.3f} from {point.labels}" for point in sheet.curve)
    return [f"Learning curve, balanced accuracy by labels: {points}."]


def _markdown(table: Table) -> Sequence[str]:
    rule = "|" + "|".join("---" if not index else "---:" for index in range(len(table.columns))) + "|"
    return (
        [f"| {' | '.join(cells)} |" for cells in (table.columns,)]
        + [rule]
        + [f"| {' | '.join(cells)} |" for cells in table.rows]
    )


def _old_card(base: Bundle) -> str:
    path = base.folder / CARD_NAME
    if not path.is_file():
        return "It came without a card."
    return re.sub(r"^#", "###", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
