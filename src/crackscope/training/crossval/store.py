"""Finished folds on disk: one table of predictions each, under a name that says everything it depends on."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from crackscope.labels import Label
from crackscope.records import SCORE_DECIMALS
from crackscope.storage import atomic_path, write_json
from crackscope.table_text import spreadsheet_row, text_of_cell
from crackscope.training.crossval.fit import FoldScores
from crackscope.training.crossval.folds import Fold, Setting
from crackscope.training.crossval.pool import Pool
from crackscope.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossvalRow:
    """One test photo of one fold.

    Attributes:
        reason: Why a person should look; empty where nobody needs to.
    """

    arm: str
    setting: Setting
    seed: int
    fold: str
    source: str
    path: str
    group: str
    truth: Label
    score: float
    threshold: float
    label: Label
    reason: str


_COLUMNS = [item.name for item in dataclasses.fields(CrossvalRow)]


class FoldStore:
    """Takes folds and gives them back.

    A fold with another recipe, seed, photo or label has another name, so nothing stale is ever read.
    """

    def __init__(self, folder: Path, pool: Pool) -> None:
        self._folder, self._pool = folder, pool

    def read(self, arm: str, recipe: Recipe, fold: Fold) -> list[CrossvalRow] | None:
        """The rows of a finished fold; ``None`` where it was not finished."""
        table, facts = self._paths(arm, recipe, fold)
        if not facts.is_file():
            return None
        with table.open(encoding="utf-8", newline="") as stream:
            return [_row(cells) for cells in csv.DictReader(stream)]

    def write(self, arm: str, recipe: Recipe, fold: Fold, scores: FoldScores) -> list[CrossvalRow]:
        """Keep a finished fold; its facts come last and say that it is whole."""
        pool, photos = self._pool, self._pool.photos
        rows = [
            CrossvalRow(
                arm=arm,
                setting=fold.setting,
                seed=fold.seed,
                fold=fold.name,
                source=photos.sources[row],
                path=pool.names[row],
                group=str(pool.groups[row]),
                truth=tuple(Label)[photos.labels[row]],
                score=float(scores.scores[place]),
                threshold=scores.facts["threshold"],
                label=tuple(Label)[int(scores.positive[place])],
                reason=str(scores.reasons[place]),
            )
            for place, row in enumerate(fold.test.tolist())
        ]
        table, facts = self._paths(arm, recipe, fold)
        write_rows(table, rows)
        write_json(facts, {"arm": arm, **scores.facts})
        return rows

    def work(self, arm: str, recipe: Recipe, fold: Fold) -> Path:
        """A folder for what an unfinished fold needs to go on."""
        return self._paths(arm, recipe, fold)[0].with_suffix("")

    def _paths(self, arm: str, recipe: Recipe, fold: Fold) -> tuple[Path, Path]:
        parts = (fold.train, fold.validation, fold.calibration, fold.test)
        document = dataclasses.asdict(recipe)
        del document["run"]  # threads move no number, and the seed is the fold's
        content = [
            document,
            fold.seed,
            [[self._identity(row) for row in part.tolist()] for part in parts],
        ]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
        name = f"{arm} {fold.name} {digest}".replace(",", "").replace(" ", "_")
        return self._folder / f"{name}.csv", self._folder / f"{name}.json"

    def _identity(self, row: int) -> str:
        # The label too: corrections change it, and the fold with it.
        return f"{self._pool.sha256[row]} {self._pool.photos.labels[row]}"


def write_rows(path: Path, rows: Iterable[CrossvalRow]) -> None:
    """Write predictions as UTF-8 CSV with LF, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for row in rows:
            cells = {name: getattr(row, name) for name in _COLUMNS}
            cells["score"] = f"{row.score:.{SCORE_DECIMALS}f}"
            writer.writerow(spreadsheet_row(cells))


def _row(written: dict[str, str]) -> CrossvalRow:
    cells = {name: text_of_cell(name, cell) for name, cell in written.items()}
    return CrossvalRow(
        arm=cells["arm"],
        setting=Setting(cells["setting"]),
        seed=int(cells["seed"]),
        fold=cells["fold"],
        source=cells["source"],
        path=cells["path"],
        group=cells["group"],
        truth=Label(cells["truth"]),
        score=float(cells["score"]),
        threshold=float(cells["threshold"]),
        label=Label(cells["label"]),
        reason=cells["reason"],
    )
