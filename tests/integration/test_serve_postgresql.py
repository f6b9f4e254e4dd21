"""The server on a real PostgreSQL: a cluster of its own, made and thrown away by the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from crackscope.serving.app import create_app
from crackscope.serving.database import migrate
from crackscope.serving.models import Base
from crackscope.serving.settings import ServeSettings
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import PATIENCE_S, wait_for_job

pytestmark = pytest.mark.slow


def _binaries() -> Path | None:
    """The folder of ``initdb``: Debian keeps it off the PATH."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _as_user() -> dict[str, str]:
    """``initdb`` refuses root."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return {"user": "nobody"} if is_root else {}


@dataclass(frozen=True)
class Cluster:
    """A database server of the tests' own."""

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Cluster]:
    """A running cluster with an empty database; it listens on a socket in its own folder only."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb is not installed (Debian: apt install postgresql)")
    pytest.importorskip("psycopg", reason="the driver is not installed: pip install crackscope[postgres]")
    # A short path: a socket's may have 107 letters.
    with tempfile.TemporaryDirectory(prefix="cs-pg-") as name:
        folder = Path(name)
        folder.chmod(0o777)

        def call(program: str, *arguments: str) -> None:
            done = subprocess.run(
                [binaries / program, *arguments],
                capture_output=True,
                encoding="utf-8",
                cwd=folder,
                check=False,
                timeout=PATIENCE_S,
                **_as_user(),
            )
            assert done.returncode == 0, done.stderr

        data = str(folder / "data")
        call("initdb", "-D", data, "-U", "crackscope", "--auth=trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        cluster = Cluster(
            url=f"postgresql://crackscope@/postgres?host={folder}",
            start=lambda: call("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"),
            stop=lambda: call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"),
        )
        cluster.start()
        yield cluster
        cluster.stop()


@pytest.fixture
def client(postgresql: Cluster, tmp_path: Path) -> Iterator[TestClient]:
    model = write_tiny_bundle(tmp_path / "model").folder
    settings = ServeSettings(data_dir=tmp_path / "data", model=model, database_url=postgresql.url, threads=1)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as opened:
        yield opened


def test_migrations_make_the_tables_of_the_models(postgresql: Cluster) -> None:
    engine = create_engine(postgresql.url)
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_a_project_from_upload_to_export_and_deletion(client: TestClient) -> None:
    project = client.post("/v1/projects", json={"name": "Brücke 🌉", "inspected_on": "2024-05-01"}).json()[
        "id"
    ]
    photos = [("half.png", half_dark_photo()), ("sound.png", photo_bytes(255, (500, 400)))]
    photos += [("none.txt", b"no photo")]
    scan = client.post(
        "/v1/scan", files=form_files(*photos), data={"project_id": str(project), "tile_px": "100"}
    ).json()
    assert wait_for_job(client, scan["job"]["id"])["status"] == "done"
    half, sound, none = (photo["id"] for photo in scan["photos"])

    listed = client.get(f"/v1/photos?project_id={project}&sort=review").json()
    assert listed["total"] == 3
    assert client.get(f"/v1/photos/{none}").json()["status"] == "failed"
    for sort in ("uploaded", "name", "score", "label", "review"):
        for review in ("needed", "reviewed", "unreviewed"):
            found = client.get(f"/v1/photos?project_id={project}&sort={sort}&review={review}")
            assert found.status_code == 200, found.text
    assert len(client.get(f"/v1/projects/{project}/suggestions?n=3").json()) == 3

    def review(photo: int, **fields: object) -> int:
        return client.post(f"/v1/photos/{photo}/reviews", json=fields).status_code

    assert review(half, action="confirm") == 201
    assert review(half, action="reject", box_ltrb=[400, 0, 500, 100], note="a shadow — ombre") == 201
    assert review(sound, action="relabel", new_label="Positive") == 201
    undone = client.post("/v1/reviews/undo", json={"project_id": project}).json()
    assert (undone["action"], undone["new_label"]) == ("undo", "Negative")
    assert review(sound, action="confirm") == 201
    trail = client.get(f"/v1/projects/{project}/reviews").json()
    assert [row["action"] for row in trail] == ["confirm", "reject", "relabel", "undo", "confirm"]
    assert trail[1]["note"] == "a shadow — ombre"
    assert client.get(f"/v1/projects/{project}/export").status_code == 200
    assert client.get("/readyz").status_code == 200

    assert client.delete(f"/v1/photos/{half}").status_code == 204
    assert client.delete(f"/v1/projects/{project}").status_code == 204
    assert client.get(f"/v1/photos?project_id={project}").json()["total"] == 0
    assert client.get(f"/v1/photos/{sound}").status_code == 404


def test_texts_too_long_for_a_column_are_refused_not_cut(client: TestClient) -> None:
    assert client.post("/v1/projects", json={"name": "x" * 201}).status_code == 422
    long_name = "ü" * 400 + ".png"
    scan = client.post("/v1/scan", files=form_files((long_name, photo_bytes(0))))
    assert scan.status_code == 202, scan.text
    assert wait_for_job(client, scan.json()["job"]["id"])["status"] == "done"


def test_many_reviewers_at_once_lose_nothing_and_undo_nothing_twice(client: TestClient) -> None:
    project = client.post("/v1/projects", json={"name": "Bridge"}).json()["id"]
    files = form_files(("dark.png", photo_bytes(0)))
    scan = client.post("/v1/scan", files=files, data={"project_id": str(project)}).json()
    wait_for_job(client, scan["job"]["id"])
    address = f"/v1/photos/{scan['photos'][0]['id']}/reviews"
    with ThreadPoolExecutor(8) as people:
        made = list(
            people.map(lambda _: client.post(address, json={"action": "reject"}).status_code, range(24))
        )
        undo = {"project_id": project}
        undone = list(people.map(lambda _: client.post("/v1/reviews/undo", json=undo).status_code, range(16)))
    assert made == [201] * 24
    assert set(undone) <= {201, 409}
    trail = client.get(address).json()
    undos = [row["undoes_id"] for row in trail if row["action"] == "undo"]
    assert len(undos) == len(set(undos)) == undone.count(201) > 0


def test_findings_stated_at_once_are_numbered_counted_and_reported(client: TestClient) -> None:
    project = client.post("/v1/projects", json={"name": "Bridge"}).json()["id"]
    form = {"project_id": str(project), "elements": "pier 1"}
    scan = client.post("/v1/scan", files=form_files(("a.png", photo_bytes(0))), data=form).json()
    wait_for_job(client, scan["job"]["id"])
    photo = scan["photos"][0]["id"]
    line = {"kind": "polyline", "points_xy": [[0, 0], [30, 40]]}
    with ThreadPoolExecutor(6) as people:
        stated = {"kind": "crack", "shape": line}
        made = list(
            people.map(lambda _: client.post(f"/v1/photos/{photo}/findings", json=stated).json(), range(12))
        )
    assert sorted(finding["number"] for finding in made) == list(range(1, 13))
    client.delete(f"/v1/findings/{made[0]['id']}")
    scale = {"points_xy": [[0, 0], [30, 40]], "length_mm": 25, "of": "element"}
    assert client.put(f"/v1/photos/{photo}/scale", json=scale).json()["mm_per_px"] == 0.5
    (element,) = client.get(f"/v1/projects/{project}/elements").json()
    assert (element["name"], element["findings"], element["mm_per_px"]) == ("pier 1", 11, 0.5)
    assert {finding["length_mm"] for finding in client.get(f"/v1/projects/{project}/findings").json()} == {25}
    assert "Element: pier 1" in client.get(f"/v1/projects/{project}/report.html").text
    assert client.delete(f"/v1/projects/{project}").status_code == 204


def test_a_database_that_is_away_is_503_and_comes_back(client: TestClient, postgresql: Cluster) -> None:
    assert client.get("/v1/projects").status_code == 200
    postgresql.stop()
    for address in ("/v1/projects", "/readyz"):
        away = client.get(address)
        assert away.status_code == 503, away.text
        assert away.json()["error"]["code"] == "database_away"
    assert client.get("/healthz").status_code == 200
    assert client.post("/v1/predict", files=form_files(("a.png", photo_bytes(0)))).status_code == 200
    postgresql.start()
    assert client.get("/v1/projects").status_code == 200
