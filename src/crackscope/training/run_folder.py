"""The folder of one training run: what lies where, whose it is, and whether it may be continued."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.dataset.corrections import Corrections
from crackscope.dataset.records import Dataset
from crackscope.errors import OutputError, RecipeError, ResumeError
from crackscope.storage import refuse_output_in_data, write_json
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import parse_recipe


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Names of everything in the folder; nothing else writes there."""

    root: Path

    @property
    def run(self) -> Path:
        """Whose run it is, and whether it is finished."""
        return self.root / "run.json"

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.root / "recipe.toml"

    @property
    def manifest(self) -> Path:
        """Which photo is in which part."""
        return self.root / "manifest.csv"

    @property
    def split(self) -> Path:
        """What was found in the data, and what the split did."""
        return self.root / "split.json"

    @property
    def environment(self) -> Path:
        """Versions and machine."""
        return self.root / "environment.json"

    @property
    def history(self) -> Path:
        """Every epoch of both stages."""
        return self.root / "history.csv"

    @property
    def decision(self) -> Path:
        """Calibration, threshold and review band, locked before the test part is read."""
        return self.root / "decision.json"

    @property
    def metrics(self) -> Path:
        """Results on the test part."""
        return self.root / "metrics.json"

    @property
    def predictions(self) -> Path:
        """One row per test photo."""
        return self.root / "predictions.csv"

    @property
    def figures(self) -> Path:
        """Pictures."""
        return self.root / "figures"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.root / "model"

    @property
    def finetune(self) -> Path:
        """Checkpoint and logs of stage 2."""
        return self.root / "finetune"

    @property
    def cache(self) -> Path:
        """Embeddings and graphs; safe to delete once the run is finished."""
        return self.root / "cache"

    @property
    def readme(self) -> Path:
        """Explains the folder."""
        return self.root / "README.md"

    def state(self) -> dict[str, Any]:
        """The content of ``run.json``; empty where there is none."""
        try:
            found = json.loads(self.run.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            raise ResumeError(
                f"cannot read {self.run}: {error}; delete the folder or name another"
            ) from error
        return dict(found)

    def finish(self, **facts: Any) -> None:
        """Record that the run is finished."""
        write_json(self.run, {**self.state(), **facts, "state": "finished", "finished": now()})

    def clear(self) -> None:
        """Delete what a run wrote; files of others stay."""
        for path in self._own():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _own(self) -> Iterator[Path]:
        # run.json last: while it is there, the folder can be cleared again.
        yield from (self.recipe, self.manifest, self.split, self.environment, self.history, self.decision)
        yield from (self.metrics, self.predictions, self.figures, self.model, self.finetune, self.cache)
        yield from (self.readme, self.run)


def claim(
    output: Path,
    dataset: Dataset,
    folders: Sequence[Path],
    recipe: Recipe,
    *,
    corrections: Corrections | None = None,
    overwrite: bool = False,
) -> tuple[RunFolder, bool]:
    """Take a folder for a run: a new one, or one in which the same run was interrupted.

    Returns:
        The folder, and whether an earlier run is continued there.

    Raises:
        OutputError: It is, holds or lies in a data folder; it holds something else; or its run is finished.
        ResumeError: The run in it has another recipe or other data.
    """
    folder = RunFolder(output)
    refuse_output_in_data(output, folders, nor_around=True)
    state = folder.state()
    if not state and output.exists() and not _is_empty(output):
        raise OutputError(f"{output} exists and is no run folder; name a new or empty folder")
    if state and overwrite:
        folder.clear()
    elif state:
        _refuse_other_run(folder, state, dataset, recipe, corrections)
        return folder, True
    # One file, so that a kill leaves all of it or nothing; recipe.toml is the same for people.
    write_json(
        folder.run,
        {
            "crackscope": __version__,
            "state": "running",
            "started": now(),
            "data": [path.resolve().name for path in folders],
            "data_sha256": data_sha256(dataset),
            "corrections_sha256": _sha256_of(corrections),
            "recipe": asdict(recipe),
        },
    )
    return folder, False


def data_sha256(dataset: Dataset) -> str:
    """Names, labels and sizes of all photos: another file, or the same under another name, changes it."""
    digest = hashlib.sha256()
    for photo in dataset.photos:
        try:
            size = dataset.absolute(photo).stat().st_size
        except OSError:
            size = -1
        digest.update(f"{photo.path}\0{photo.label}\0{size}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _is_empty(output: Path) -> bool:
    # Hidden files are what a killed write leaves.
    return output.is_dir() and all(path.name.startswith(".") for path in output.iterdir())


def _sha256_of(corrections: Corrections | None) -> str | None:
    return None if corrections is None else corrections.sha256


def _refuse_other_run(
    folder: RunFolder,
    state: dict[str, Any],
    dataset: Dataset,
    recipe: Recipe,
    corrections: Corrections | None,
) -> None:
    try:
        earlier = parse_recipe(state.get("recipe", {}), str(folder.run))
    except RecipeError as error:
        raise ResumeError(f"{folder.root} can't be continued: {error}") from error
    if earlier != recipe:
        changed = "; ".join(_differences(asdict(earlier), asdict(recipe)))
        raise ResumeError(
            f"{folder.root} was made with another recipe ({changed}); name another --output, or "
            "--overwrite it"
        )
    if state.get("data_sha256") != data_sha256(dataset):
        raise ResumeError(
            f"{folder.root} was made with other photos than are there now; name another --output, or "
            "--overwrite it"
        )
    if state.get("corrections_sha256") != _sha256_of(corrections):
        raise ResumeError(
            f"{folder.root} was made with other corrections of labels; name another --output, or "
            "--overwrite it"
        )
    if state.get("state") == "finished":
        raise OutputError(f"the run in {folder.root} is finished; name another --output, or --overwrite it")


def _differences(earlier: dict[str, Any], wanted: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        if isinstance(value, dict):
            yield from _differences(earlier[key], value, f"{prefix}{key}.")
        elif earlier[key] != value:
            yield f"{prefix}{key} was {earlier[key]!r}, now {value!r}"
