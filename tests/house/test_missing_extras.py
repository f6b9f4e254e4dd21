"""Without an extra its public names say what to install, and everything else works."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from crackscope.errors import MissingExtraError
from crackscope.extras import needs_extra
from tests.helpers.waiting import PATIENCE_S


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("train", "timm", "train"), ("tune", "optuna", "train"), ("evaluate", "sklearn", "evaluate")],
)
def test_a_name_whose_packages_are_missing_says_what_to_install(name: str, package: str, extra: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import crackscope\n"
        f"try: crackscope.{name}\n"
        "except crackscope.CrackscopeError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    assert f"{package} is not installed" in done.stdout
    assert f'pip install "crackscope[{extra}]"' in done.stdout


def test_a_module_of_our_own_that_is_missing_is_a_fault_and_no_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_room"), needs_extra("evaluate"):
        importlib.import_module("crackscope.no_such_room")


def test_a_missing_package_is_named_without_its_modules() -> None:
    said = r'no_such_package is not installed; .*"crackscope\[batch\]"'
    with pytest.raises(MissingExtraError, match=said), needs_extra("batch"):
        raise ModuleNotFoundError(name="no_such_package.part")
