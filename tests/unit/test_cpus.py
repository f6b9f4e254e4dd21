"""Threads are counted by what the process may use, not by what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crackscope import cpus
from crackscope.cpus import available_cpus


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A process in the group ``pod/container`` on a machine of 64 processors."""
    root = tmp_path / "cgroup"
    (root / "pod" / "container").mkdir(parents=True)
    own = tmp_path / "self"
    own.write_text("0::/pod/container\n", encoding="utf-8")
    monkeypatch.setattr(cpus, "_CGROUP_ROOT", root)
    monkeypatch.setattr(cpus, "_OWN_CGROUP", own)
    monkeypatch.setattr(cpus, "_allowed_cpus", lambda: 64)
    return root


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", 64)],
)
def test_a_container_s_limit_counts_rounded_up(cgroup: Path, limit: str, expected: int) -> None:
    (cgroup / "pod" / "container" / "cpu.max").write_text(limit + "\n", encoding="utf-8")
    assert available_cpus() == expected


def test_the_tightest_limit_on_the_way_up_counts(cgroup: Path) -> None:
    (cgroup / "pod" / "container" / "cpu.max").write_text("800000 100000\n", encoding="utf-8")
    (cgroup / "pod" / "cpu.max").write_text("300000 100000\n", encoding="utf-8")
    assert available_cpus() == 3


def test_without_limits_every_allowed_processor_counts(cgroup: Path) -> None:
    assert available_cpus() == 64
    cpus._OWN_CGROUP.unlink()
    assert available_cpus() == 64


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's processor affinity")
def test_affinity_counts() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cpus() == 1
    finally:
        os.sched_setaffinity(0, before)
