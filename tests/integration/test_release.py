"""What a release is made of: the wheel, the container's recipe and the workflows that publish them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from crackscope.storage import sha256_file
from tests.helpers.patches import write_patches
from tests.helpers.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
LIMIT_BYTES = 40_000_000
PYTHONS = ("3.11", "3.12", "3.13")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("wheel"), "--wheel")


def _build(folder: Path, kind: str) -> Path:
    pytest.importorskip("build", reason="needs the package build")
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", str(folder), str(ROOT)]
    _run(command)
    [built] = folder.iterdir()
    return built


def _run(command: list[str], **options: str | Path | dict[str, str]) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def test_the_wheel_is_small_and_whole(wheel: Path) -> None:
    names = {Path(name).as_posix() for name in zipfile.ZipFile(wheel).namelist()}

    assert wheel.stat().st_size < LIMIT_BYTES
    assert {
        "crackscope/py.typed",
        "crackscope/models/detector/model.onnx",
        "crackscope/models/detector/model-card.md",
        "crackscope/serving/page/index.html",
        "crackscope/training/recipes/default.toml",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "studies/"))]


def test_wheel_and_sdist_are_the_same_bytes_when_built_again(wheel: Path, tmp_path: Path) -> None:
    assert sha256_file(_build(tmp_path / "again", "--wheel")) == sha256_file(wheel)
    first, second = (_build(tmp_path / name, "--sdist") for name in ("one", "two"))
    assert sha256_file(first) == sha256_file(second)


@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_alone_predicts_without_a_network(wheel: Path, tmp_path: Path, version: str) -> None:
    python = _python(version)
    home = tmp_path / "environment"
    _run([python, "-m", "venv", str(home)])
    inside = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    installed = subprocess.run(
        [str(inside), "-m", "pip", "install", "--quiet", str(wheel)], capture_output=True, encoding="utf-8"
    )
    if installed.returncode:
        pytest.skip(f"no package index in reach: {installed.stderr.strip().splitlines()[-1]}")
    [photo, _] = write_patches(tmp_path / "photos", 1)
    command = [str(inside), "-m", "crackscope", "predict", str(photo), "--format", "csv", "--quiet"]
    rows = _run([*_without_network(), *command], cwd=tmp_path, env=_plain_environment()).splitlines()

    assert len(rows) == 2
    assert rows[1].startswith((f"{photo},Positive,", f"{photo},Negative,"))


def _python(version: str) -> str:
    """An interpreter of this version: on PATH, or beside others of pyenv or of a CI's tool cache."""
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        return sys.executable
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    kept = [str(path) for root in roots for path in sorted(root.glob(f"{version}.*/bin/python"))]
    for candidate in [*kept, shutil.which(f"python{version}")]:
        if (
            candidate
            and subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True).returncode == 0
        ):
            return candidate
    pytest.skip(f"no Python {version} here")


def _without_network() -> list[str]:
    """What runs a command with no network, where this user may."""
    tool = shutil.which("unshare")
    if tool and subprocess.run([tool, "--net", "true"], capture_output=True).returncode == 0:
        return [tool, "--net"]
    return []


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}


def test_the_container_recipe_has_no_lint() -> None:
    tool = _tool("hadolint")
    _run([tool, str(ROOT / "Dockerfile")])


def test_what_the_image_starts_is_healthy_on_a_disk_it_may_not_write(tmp_path: Path) -> None:
    """The recipe's own CMD and HEALTHCHECK, on another port; pip and useradd are not replayed."""
    if not _may_mount():
        pytest.skip("may not mount a file system here")
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    [cmd] = re.findall(r"^CMD (\[.+\])$", recipe, re.MULTILINE)
    [probe] = re.findall(r"^HEALTHCHECK .* CMD (\[.+\])$", recipe, re.MULTILINE)
    data = tmp_path / "data"
    _run([sys.executable, "-m", "crackscope", "serve", "user", "add", "anna", "--data-dir", str(data)])
    started = [str(data) if word == "/data" else word for word in json.loads(cmd)]
    disk = 'mount --bind "$0" "$0" && mount -o remount,ro,bind / && exec "$@"'
    command = [sys.executable, "-m", "crackscope", *started, "--port", "0"]
    server = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", disk, str(data), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        cwd=tmp_path,
        env=_plain_environment() | {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(data)},
    )
    try:
        assert server.stdout is not None
        first_line = server.stdout.readline()
        [port] = re.findall(r"http://[\d.]+:(\d+)", first_line) or [pytest.fail(first_line)]
        health = [sys.executable, *(word.replace("8000", port) for word in json.loads(probe)[1:])]
        _run(health)
    finally:
        server.terminate()
        said = server.communicate(timeout=PATIENCE_S)[0]
    assert server.returncode in (0, -signal.SIGTERM), said
    assert {"crackscope.sqlite3", "users.json"} <= {path.name for path in data.iterdir()}


def _may_mount() -> bool:
    tool = shutil.which("unshare")
    mount = [str(tool), "--mount", "mount", "-o", "remount,ro,bind", "/"]
    return tool is not None and subprocess.run(mount, capture_output=True).returncode == 0


def test_the_workflows_are_what_github_expects() -> None:
    tool = _tool("check-jsonschema")
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert workflows
    _run([tool, "--builtin-schema", "vendor.github-workflows", *map(str, workflows)])


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_the_image_has_what_the_wheel_is_built_of(tmp_path: Path) -> None:
    """What .dockerignore lets through is enough: the same wheel comes out of it."""
    kept = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line[:1] == "!"
    ]
    for name in kept:
        source, target = ROOT / name, tmp_path / "context" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path / "out")]
    _run([*command, str(tmp_path / "context")])
    [built] = (tmp_path / "out").iterdir()
    names = set(zipfile.ZipFile(built).namelist())
    assert {"crackscope/models/detector/model.onnx", "crackscope/training/recipes/default.toml"} <= names
