"""How many of crackscope's files a job walks through, from what a user gives to what a user gets (JSON).

A file counts where a function of it runs; what only defines something does not. Each walk is done twice, and
the second is counted, so that imports are no part of it:

- ``predict``: a patch to its row in a CSV file
- ``scan``: a photo to its overlay and tables
- ``review``: an upload to a review that is kept
- ``train``: a folder of patches to a model folder

    python benchmarks/walks.py
    python benchmarks/walks.py --files scan
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import crackscope
from crackscope.cli.app import app
from crackscope.dataset.synthetic.write import SyntheticPlan, write_synthetic_dataset

ROOT = Path(crackscope.__file__).parent
#: A network that learns in seconds: what counts is the way, not where it leads.
SMALL = {
    "network.backbone": "test_efficientnet_gn",
    "network.weights": "none",
    "network.input_px": "32",
    "head.epochs": "1",
    "finetune.epochs": "1",
    "data.shares": "60/20/20",
    "run.workers": "0",
}
#: A scan of one small photo is done in a second; after this much it never will be.
PATIENCE_S = 300


def run(*words: str | Path) -> None:
    """A command, silently."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        app([*map(str, words)], standalone_mode=False)


def predict(site: Path, to: Path) -> None:
    """A patch to its row in a CSV file."""
    run("predict", next((site / "Positive").iterdir()), "--output", to / "rows.csv", "--quiet")
    assert (to / "rows.csv").is_file()


def scan(site: Path, to: Path) -> None:
    """A photo to its overlay and tables."""
    run("scan", next((site / "photos").glob("*.jpg")), "--output", to / "scan")
    assert list((to / "scan" / "overlays").iterdir())


def review(site: Path, to: Path) -> None:
    """An upload to a review that is kept."""
    from fastapi.testclient import TestClient

    from crackscope.serving.app import create_app
    from crackscope.serving.settings import ServeSettings

    photo = next((site / "photos").glob("*.jpg"))
    settings = ServeSettings(data_dir=to / "data", threads=1)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.post("/v1/projects", json={"name": "Bridge"}).raise_for_status()
        files = [("files", (photo.name, photo.read_bytes()))]
        answer = client.post("/v1/scan", files=files, data={"project_id": "1"}).raise_for_status().json()
        deadline = time.monotonic() + PATIENCE_S
        while client.get(f"/v1/jobs/{answer['job']['id']}").json()["status"] in ("queued", "running"):
            assert time.monotonic() < deadline, "the scan does not end"
            time.sleep(0.1)
        fields = {"action": "relabel", "new_label": "Negative"}
        client.post("/v1/photos/1/reviews", json=fields).raise_for_status()
        assert client.get("/v1/photos/1/reviews").json()


def train(site: Path, to: Path) -> None:
    """A folder of patches to a model folder."""
    words = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    run("train", site, "--output", to / "run", "--accelerator", "cpu", *words)
    assert (to / "run" / "model" / "model.onnx").is_file()


WALKS = {walk.__name__: walk for walk in (predict, scan, review, train)}


@contextlib.contextmanager
def counted() -> Iterator[set[str]]:
    """The files of which a function runs, in any thread that begins inside."""
    found: set[str] = set()

    def watch(frame: FrameType, event: str, _: Any) -> None:
        name = frame.f_code.co_filename
        if event == "call" and frame.f_code.co_name != "<module>" and name not in found:
            found.add(name)

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def files_of(walk: Callable[[Path, Path], None], site: Path, folder: Path) -> list[str]:
    """The files of one walk, below ``crackscope``."""
    first, second = (folder / walk.__name__ / turn for turn in ("first", "second"))
    for turn in (first, second):
        turn.mkdir(parents=True)
    walk(site, first)
    with counted() as found:
        walk(site, second)
    ours = (Path(name) for name in found)
    return sorted(path.relative_to(ROOT).as_posix() for path in ours if path.is_relative_to(ROOT))


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", choices=WALKS, help="print the files of one walk instead of the counts")
    chosen = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = SyntheticPlan(patches=80, photos=1, photo_hw=(480, 640), seed=1)
        write_synthetic_dataset(folder / "site", plan, jobs=1)
        walks = WALKS if chosen is None else {chosen: WALKS[chosen]}
        found = {name: files_of(walk, folder / "site", folder) for name, walk in walks.items()}
    print(json.dumps(found if chosen else {name: len(files) for name, files in found.items()}, indent=2))


if __name__ == "__main__":
    main()
