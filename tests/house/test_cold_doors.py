"""The doors open without the furniture: importing crackscope or asking for help loads no heavy package."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.helpers.waiting import PATIENCE_S

HEAVY = {
    "torch",
    "timm",
    "lightning",
    "onnxruntime",
    "openvino",
    "sklearn",
    "scipy",
    "matplotlib",
    "optuna",
    "fastapi",
}


def _modules_after(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.__stdout__)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True, timeout=PATIENCE_S
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = _modules_after("import crackscope")
    assert not loaded & HEAVY
    assert "numpy" not in loaded


@pytest.mark.parametrize("command", [[], ["predict"], ["train"], ["evaluate"], ["scan"], ["data", "audit"]])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    code = (
        "from typer.testing import CliRunner\nfrom crackscope.cli.app import app\n"
        f"result = CliRunner().invoke(app, {[*command, '--help']!r})\n"
        "assert result.exit_code == 0, result.output"
    )
    loaded = _modules_after(code)
    assert not loaded & HEAVY
    assert "numpy" not in loaded
