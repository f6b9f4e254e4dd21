"""A skip that nobody expected fails the run of continuous integration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.skips import expected_patterns, unexpected

ROOT = Path(__file__).resolve().parents[2]
LISTS = [ROOT / "tests" / "skips" / name for name in ("anywhere.txt", "bare-system.txt")]

TESTS = {
    "test_one.py": "import pytest\ndef test_a(): pytest.skip('this machine has no {what}')\n"
    "def test_b(): pass\n",
    "test_two.py": "import pytest\npytest.importorskip('no_such_package', reason='no {what} here')\n",
}


def run(folder: Path, expected: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    for name, text in TESTS.items():
        (folder / name).write_text(text.format(what="wings"), encoding="utf-8")
    (folder / "expected.txt").write_text(f"# a comment\n\n{expected}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.helpers.skips", "-q", *options, str(folder)]
    if options:
        command += ["-p", "xdist"]
    # The run of continuous integration that this test is part of has a list of its own.
    inherited = {name: value for name, value in os.environ.items() if name != "CRACKSCOPE_EXPECTED_SKIPS"}
    variables = {} if expected is None else {"CRACKSCOPE_EXPECTED_SKIPS": str(folder / "expected.txt")}
    return subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", str(folder)],
        cwd=ROOT,
        env=inherited | variables | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "workers"])
def test_an_unexpected_skip_fails_the_run_and_is_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, "this machine has .*", *options)
    assert done.returncode == 1, done.stdout
    assert "UNEXPECTED skip: no wings here" in done.stdout
    assert "UNEXPECTED skip: this machine" not in done.stdout
    assert "   1 this machine has no wings" in done.stdout


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "workers"])
def test_expected_skips_are_printed_and_pass(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, "(this machine has )?no wings( here)?", *options)
    assert done.returncode == 0, done.stdout
    assert "2 skipped" in done.stdout
    assert "UNEXPECTED" not in done.stdout


def test_without_a_list_nothing_is_judged(tmp_path: Path) -> None:
    assert run(tmp_path, None).returncode == 0


def test_a_pattern_matches_a_whole_reason() -> None:
    patterns = expected_patterns(os.pathsep.join(map(str, LISTS)))
    assert unexpected(["no SIGKILL here", "no Chromium: apt-get install chromium"], patterns) == []
    assert unexpected(["no SIGKILL here at all", "OpenVINO is not installed"], patterns) == [
        "OpenVINO is not installed",
        "no SIGKILL here at all",
    ]
