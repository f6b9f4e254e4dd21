"""An adaptation as a model folder: graph, ``model.json``, card, and the sheet as ``adaptation.json``."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.adaptation.adapt import Adaptation
from crackscope.adaptation.graph import write_graph
from crackscope.adaptation.sheet import Sheet
from crackscope.bundle import ONNX_NAME, Bundle, ModelConfig, write_bundle
from crackscope.errors import ExportError
from crackscope.evaluation.tables import Table
from crackscope.inference.verify import verify_bundle
from crackscope.model_card.site import SITE_COLUMNS, sheet_notes, site_notes, site_rows, site_title
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
        bundle = write_bundle(temporary, config)
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
    said = asdict(sheet)
    return Table(
        title=site_title(said), columns=SITE_COLUMNS, rows=site_rows(said), notes=tuple(sheet_notes(said))
    )


def notes(adaptation: Adaptation) -> tuple[str, ...]:
    """What the table does not say: band, familiarity, and what could not be read."""
    return tuple(site_notes(adaptation_document(adaptation)))


_SUFFIX = ", adapted to a site"
