"""No test has a time limit that a busy machine breaks: limits have one home, `tests.helpers.waiting`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.helpers.waiting import PAGE_PATIENCE_MS, PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]

#: A number of seconds or milliseconds of its own. A pause (Playwright's `wait_for_timeout`) is no limit.
OWN_LIMIT = re.compile(r"(?<!wait_for_)timeout(?:_s|_ms)?\s*[=(]\s*\(?[1-9]|pytest\.mark\.timeout")


def test_tests_wait_as_long_as_a_busy_machine_takes() -> None:
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if OWN_LIMIT.search(line)
    ]
    assert found == []


def test_one_wait_ends_before_the_limit_of_its_test() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    limit_s = settings["tool"]["pytest"]["ini_options"]["timeout"]
    assert limit_s > PATIENCE_S
    assert limit_s > PAGE_PATIENCE_MS / 1000
