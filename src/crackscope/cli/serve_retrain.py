"""``crackscope serve retrain``: the next model from reviews, compared with the old one before taking over."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.evaluated_photos import Seed, print_table
from crackscope.cli.model_options import Overwrite
from crackscope.cli.serve import DataDir
from crackscope.errors import DataError, NotBetterError, OutputError, SettingsError
from crackscope.extras import needs_extra
from crackscope.serving.settings import DEFAULT_DATA_DIR

if TYPE_CHECKING:
    from crackscope.adaptation.retrain import Retraining


def serve_retrain(
    project: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of a project; without it all. Repeatable.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL; without it SQLite in the data folder.")
    ] = None,
    reviews: Annotated[
        Path | None, typer.Option(help="An export, as zip or folder, instead of the data folder's reviews.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="The old model; without it the one in use.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder that keeps the new model in any case.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Have the server use the new model, unless it is worse.")
    ] = False,
    overwrite: Overwrite = False,
    seed: Seed = 0,
) -> None:
    """Retrain from reviews: fit a new model, compare it with the old one, and put it in place if not worse.

    A quarter of the reviewed photos is held back, the same ones each time; both models are compared on them
    by a paired bootstrap. With --replace, a new model that is not worse is used from the server's next start;
    the old one is kept.
    """
    with needs_extra("evaluate"):
        from crackscope.adaptation.adapt import AdaptSettings
        from crackscope.adaptation.retrain import retrain
    with needs_extra("serve"):
        from crackscope.serving.site_model import put_in_place, site_model
    from crackscope.dataset.manifest import read_manifest
    from crackscope.inference.classifier import CrackClassifier

    _check(output, replace, overwrite)
    classifier = CrackClassifier.load(model or site_model(data_dir))
    with _reviews_folder(reviews, data_dir, database, project) as folder, _new_folder(output) as target:
        manifest = read_manifest(folder / "manifest.csv", root=folder)
        with photo_bar("embedding") as progress:
            found = retrain(
                classifier, manifest, target, settings=AdaptSettings(seed=seed), progress=progress
            )
        _print(found)
        if output is not None:
            typer.echo(f"the new model is in {output}")
        if not replace:
            typer.echo("the model in use stays; --replace puts the new one in its place unless it is worse")
        elif found.objection is not None:
            raise NotBetterError(f"the model in use stays, because of the new one {found.objection}")
        else:
            typer.echo(f"in use from the server's next start: {put_in_place(data_dir, found.bundle)}")


def _check(output: Path | None, replace: bool, overwrite: bool) -> None:
    if output is None and not replace:
        raise SettingsError("what is to become of the new model? name --output NEW, add --replace, or both")
    if output is not None and output.exists() and not overwrite:
        raise OutputError(f"{output} is there already; name another folder, or add --overwrite")


@contextmanager
def _reviews_folder(
    reviews: Path | None, data_dir: Path, database: str | None, projects: list[int] | None
) -> Iterator[Path]:
    """A folder with the reviewed tiles and their manifest."""
    if reviews is not None and reviews.is_dir():
        yield reviews
        return
    with tempfile.TemporaryDirectory(prefix="crackscope-reviews-") as name:
        folder = Path(name)
        if reviews is not None:
            _unpack(reviews, folder)
        else:
            with needs_extra("serve"):
                from crackscope.serving.exports import export_data_dir
            export_data_dir(data_dir, database, projects, folder)
        yield folder


@contextmanager
def _new_folder(output: Path | None) -> Iterator[Path]:
    if output is not None:
        yield output
        return
    with tempfile.TemporaryDirectory(prefix="crackscope-model-") as name:
        yield Path(name) / "model"


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{archive} is no export of reviews: {error}") from error


def _print(found: Retraining) -> None:
    from crackscope.adaptation.write import notes, sheet_table
    from crackscope.evaluation.tables import comparison_table

    print_table(sheet_table(found.adaptation.sheet))
    for note in notes(found.adaptation):
        typer.echo(note)
    typer.echo(
        "\nThat verdict asks for a gain beyond doubt; to take over, a new model must only not be worse on "
        "the reviews that were held back from it.\nThere, with A the model in use and B the new one:"
    )
    print_table(comparison_table(found.comparison))
    typer.echo(
        "The new model is not worse." if found.objection is None else f"No: of the new one {found.objection}."
    )
