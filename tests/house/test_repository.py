"""Promises about what is in the repository: no photograph of the data, no machine path, small files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from crackscope.images import IMAGE_SUFFIXES
from crackscope.storage import sha256_file

ROOT = Path(__file__).resolve().parents[2]
LIMIT_BYTES = 16_000_000


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_tracked_file_is_large(tracked: list[Path]) -> None:
    assert [path for path in tracked if path.stat().st_size > LIMIT_BYTES] == []


def test_no_tracked_picture_is_a_photograph_of_the_data(tracked: list[Path], real_data: Path) -> None:
    sizes = {path.stat().st_size: path for path in tracked if path.suffix.lower() in IMAGE_SUFFIXES}
    same_size = [path for path in real_data.rglob("*.jpg") if path.stat().st_size in sizes]
    hashes = {sha256_file(path) for path in sizes.values()}
    assert [path for path in same_size if sha256_file(path) in hashes] == []


def test_no_machine_path_is_written_down(tracked: list[Path]) -> None:
    machine_path = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/\w")
    texts = [
        path
        for path in tracked
        if path.suffix in {".py", ".md", ".toml", ".json", ".csv", ".html", ".js", ".yml"}
    ]
    assert [path for path in texts if machine_path.search(path.read_text(encoding="utf-8"))] == []
