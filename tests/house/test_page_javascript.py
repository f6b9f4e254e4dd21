"""The page's JavaScript keeps the types its comments state; skipped where npm installed nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
PAGE = "src/crackscope/serving/page"


def _tool(name: str) -> str:
    found = shutil.which(name, path=str(ROOT / "node_modules" / ".bin"))
    if found is None or shutil.which("node") is None:
        pytest.skip(f"{name} is not here: `npm install` in the project's root brings it")
    return found


@pytest.mark.parametrize("command", [("tsc", "--project", "tsconfig.json"), ("biome", "lint", PAGE)])
def test_nothing_is_found(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [_tool(command[0]), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
