"""Waiting, as long as a busy machine takes: limits are there for what hangs, never for what is slow."""

from __future__ import annotations

import time
from typing import Any

#: Seconds for one program or answer; below the limit of a whole test in pyproject.toml.
PATIENCE_S = 900

#: Milliseconds for what a page shows; a page that never shows it should not stop the suite for an hour.
PAGE_PATIENCE_MS = 300_000


def wait_for_job(client: Any, job_id: int, *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
    """The job once it has ended; ``client`` is any with httpx's methods."""
    return wait_until(client, job_id, lambda job: job["status"] not in ("queued", "running"), timeout_s)


def wait_until(client: Any, job_id: int, reached: Any, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
    """The job once ``reached(job)``."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if reached(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} did not get there: {job}")
