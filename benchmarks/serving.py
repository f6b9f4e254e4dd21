"""Throughput and latency of ``POST /v1/predict``: 1, 8 and 32 clients, with and without micro-batching.

    python benchmarks/serving.py [PHOTOS_FOLDER] [--seconds 10] [--clients 1 8 32]

A real server in a process of its own, one photo per request, each client on one connection. Prints JSON with
the machine, versions, requests, photos per second, p50 and p99 in milliseconds. Without a folder the photos
are 24 synthetic patches of 227 pixels.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from crackscope.cpus import available_cpus
from crackscope.dataset.synthetic.scenes import make_patch
from crackscope.labels import Label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="?", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    options = parser.parse_args()
    photos = _photos(options.photos)
    runs = []
    for batch_size in (1, 32):
        for clients in options.clients:
            with tempfile.TemporaryDirectory() as folder:
                runs.append(_measure(photos, batch_size, clients, options, Path(folder)))
            print(runs[-1], file=sys.stderr)
    report = {
        "machine": platform.machine(),
        "processors": available_cpus(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("fastapi", "uvicorn", "onnxruntime")},
        "runs": runs,
    }
    print(json.dumps(report, indent=2))


def _photos(folder: Path | None) -> list[bytes]:
    if folder is not None:
        return [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:200]]
    photos = []
    for seed in range(24):
        stream = io.BytesIO()
        label = list(Label)[seed % 2]
        Image.fromarray(make_patch(np.random.default_rng(seed), label, 227).pixels_hwc).save(stream, "JPEG")
        photos.append(stream.getvalue())
    return photos


def _measure(
    photos: list[bytes], batch_size: int, clients: int, options: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    command = [sys.executable, "-m", "crackscope", "serve", "--port", "0", "--data-dir", str(folder)]
    command += ["--batch-size", str(batch_size)]
    command += ["--model", str(options.model)] if options.model else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as server:
        assert server.stdout is not None
        url = server.stdout.readline().split(" is at ")[1].split()[0]
        try:
            _ask(url, photos, clients, 2.0)  # warm up
            seconds, latencies_s = _ask(url, photos, clients, options.seconds)
            batches = _mean_batch(url)
        finally:
            server.terminate()
    p50, p99 = np.percentile(latencies_s, [50, 99]) * 1000
    return {
        "micro_batching": batch_size > 1,
        "clients": clients,
        "requests": len(latencies_s),
        "photos_per_s": round(len(latencies_s) / seconds, 1),
        "p50_ms": round(float(p50), 1),
        "p99_ms": round(float(p99), 1),
        "mean_batch": batches,
    }


def _ask(url: str, photos: list[bytes], clients: int, seconds: float) -> tuple[float, list[float]]:
    latencies_s: list[float] = []

    def client(session: httpx.Client, number: int) -> None:
        while (began := time.perf_counter()) < end:
            photo = photos[(number + len(latencies_s)) % len(photos)]
            session.post("/v1/predict", files={"files": ("a.jpg", photo)}).raise_for_status()
            latencies_s.append(time.perf_counter() - began)

    # One session with a connection for each: to make a session takes longer than a request.
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    with httpx.Client(base_url=url, timeout=120, limits=limits) as session:
        began = time.perf_counter()
        end = began + seconds
        threads = [threading.Thread(target=client, args=(session, number)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return time.perf_counter() - began, latencies_s


def _mean_batch(url: str) -> float:
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    values = {
        line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("crackscope_batch")
    }
    return round(values["crackscope_batch_photos_sum"] / values["crackscope_batch_photos_count"], 2)


if __name__ == "__main__":
    main()
