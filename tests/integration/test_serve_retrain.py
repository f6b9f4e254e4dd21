"""Reviews in a server's database become its next model by one command, if that model is not worse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from crackscope.bundle import load_bundle
from crackscope.cli.app import app
from crackscope.dataset.manifest import read_manifest, write_manifest
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import BundleError, DataError, NotBetterError, SettingsError
from crackscope.labels import Label
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from crackscope.storage import sha256_file
from tests.helpers.adaptable import write_adaptable_bundle
from tests.helpers.patches import write_patches
from tests.helpers.uploads import form_files
from tests.helpers.waiting import wait_for_job


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adaptable_bundle(tmp_path_factory.mktemp("model")).folder


@pytest.fixture(scope="module")
def reviewed(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped server's data folder with a project of 60 reviewed photos, half of them cracked."""
    folder = tmp_path_factory.mktemp("reviewed")
    patches = write_patches(folder / "patches", 30)
    settings = ServeSettings(data_dir=folder / "data", model=old, threads=1)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.post("/v1/projects", json={"name": "Bridge"})
        files = form_files(*((f"{path.parent.name}/{path.name}", path.read_bytes()) for path in patches))
        scan = client.post("/v1/scan", files=files, data={"project_id": "1", "tile_px": "48"}).json()
        assert wait_for_job(client, scan["job"]["id"])["status"] == "done"
        for photo in scan["photos"]:
            truth = photo["name"].partition("/")[0]
            act = {"action": "relabel", "new_label": truth}
            assert client.post(f"/v1/photos/{photo['id']}/reviews", json=act).status_code == 201
    return folder / "data"


@pytest.fixture
def data_dir(reviewed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(reviewed, tmp_path / "data"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["serve", "retrain", *map(str, arguments)])


def served_model(data_dir: Path) -> str:
    with TestClient(
        create_app(ServeSettings(data_dir=data_dir, threads=1)), base_url="http://127.0.0.1"
    ) as client:
        found: str = client.get("/v1/model").json()["sha256"]
    return found


def test_reviews_become_the_server_s_next_model(data_dir: Path, old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    result = run("--data-dir", data_dir, "--project", 1, "--model", old, "--output", new, "--replace")
    assert result.exit_code == 0, result.output
    assert "The new model is not worse." in result.output
    comparison = json.loads((new / "comparison.json").read_text(encoding="utf-8"))
    found = {each["metric"]: each for each in comparison["differences"]}["balanced_accuracy"]
    assert found["a"] < 0.8 < 0.9 < found["b"]
    assert served_model(data_dir) == load_bundle(new).identity
    # Again, now from the model in use: nothing to gain, nothing lost, and the one before is kept.
    assert run("--data-dir", data_dir, "--replace").exit_code == 0
    kept = [load_bundle(path) for path in (data_dir / "models").iterdir() if path.is_dir()]
    identities = {bundle.identity for bundle in kept}
    assert {load_bundle(new).identity, served_model(data_dir)} <= identities
    assert {bundle.config.cells for bundle in kept} == {load_bundle(old).config.cells}


def test_held_back_photos_are_not_trained_on(data_dir: Path, old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    run("--data-dir", data_dir, "--model", old, "--output", new)
    tiles = json.loads((new / "adaptation.json").read_text(encoding="utf-8"))["tiles"]
    held_back = json.loads((new / "comparison.json").read_text(encoding="utf-8"))["photos"]
    assert held_back >= 10
    assert tiles["negative"] + tiles["positive"] + held_back == 60


def test_without_replace_the_model_in_use_stays(data_dir: Path, old: Path, tmp_path: Path) -> None:
    result = run("--data-dir", data_dir, "--model", old, "--output", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert "the model in use stays" in result.output
    assert served_model(data_dir) == load_bundle().identity  # the shipped detector


def _write_reviews(folder: Path, label_of: Callable[[Label, Part], Label]) -> Path:
    """An export of 60 photos of which every fourth is held back; ``label_of`` is what reviewers said."""
    rows = []
    for index, path in enumerate(write_patches(folder, 30, seed=3)):
        part = Part.TEST if index % 8 in (0, 1) else Part.TRAIN
        said = label_of(Label(path.parent.name), part)
        name = path.relative_to(folder).as_posix()
        rows.append(ManifestRow(path=name, label=said, group=name, part=part, sha256=sha256_file(path)))
    write_manifest(folder / "manifest.csv", Manifest(root=folder, rows=tuple(rows)))
    return folder


def _other(label: Label) -> Label:
    return Label.NEGATIVE if label is Label.POSITIVE else Label.POSITIVE


def test_a_worse_model_is_refused_and_the_old_one_stays(data_dir: Path, old: Path, tmp_path: Path) -> None:
    good = tmp_path / "good"
    assert run("--data-dir", data_dir, "--model", old, "--output", good, "--replace").exit_code == 0
    before = served_model(data_dir)
    # Reviewers who were mistaken about everything but the held-back photos.
    reviews = _write_reviews(
        tmp_path / "mistaken", lambda truth, part: truth if part is Part.TEST else _other(truth)
    )
    result = run("--data-dir", data_dir, "--reviews", reviews, "--output", tmp_path / "bad", "--replace")
    assert isinstance(result.exception, NotBetterError), result.output
    assert "lower by 1.000 on the held-back reviews" in str(result.exception)
    assert served_model(data_dir) == before
    assert load_bundle(tmp_path / "bad").identity != before  # kept because --output asked for it


def test_an_exported_zip_is_as_good_as_the_data_folder(data_dir: Path, old: Path, tmp_path: Path) -> None:
    with TestClient(
        create_app(ServeSettings(data_dir=data_dir, model=old, threads=1)), base_url="http://127.0.0.1"
    ) as client:
        (tmp_path / "reviews.zip").write_bytes(client.get("/v1/projects/1/export").content)
    run("--reviews", tmp_path / "reviews.zip", "--model", old, "--output", tmp_path / "one")
    run("--data-dir", data_dir, "--model", old, "--output", tmp_path / "two")
    assert load_bundle(tmp_path / "one").identity == load_bundle(tmp_path / "two").identity


def test_too_few_reviews_are_refused_with_the_numbers(data_dir: Path, old: Path, tmp_path: Path) -> None:
    reviews = _write_reviews(tmp_path / "few", lambda truth, part: truth)
    manifest = read_manifest(reviews / "manifest.csv", root=reviews)
    write_manifest(reviews / "manifest.csv", replace(manifest, rows=manifest.rows[:12]))
    few = run("--reviews", reviews, "--model", old, "--output", tmp_path / "new")
    assert isinstance(few.exception, DataError)
    assert "3 reviewed photos are held back" in str(few.exception)
    assert "expected at least 10" in str(few.exception)
    assert not (tmp_path / "new").exists()


def test_what_is_missing_is_said(data_dir: Path, old: Path, tmp_path: Path) -> None:
    new = ("--model", old, "--output", tmp_path / "new")
    assert isinstance(run("--data-dir", data_dir).exception, SettingsError)
    assert "holds no reviews" in str(run("--data-dir", tmp_path / "nowhere", *new).exception)
    assert "projects: 1" in str(run("--data-dir", data_dir, "--project", 7, *new).exception)
    (tmp_path / "a.zip").write_bytes(b"no zip")
    assert "no export of reviews" in str(run("--reviews", tmp_path / "a.zip", *new).exception)
    assert not (tmp_path / "nowhere").exists()


def test_a_named_model_that_is_gone_is_no_reason_to_take_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "current.txt").write_text("gone\n", encoding="utf-8")
    with pytest.raises(BundleError, match="names 'gone'"):
        create_app(ServeSettings(data_dir=tmp_path, threads=1))
