"""`POST /v1/predict` under load: micro-batching against one by one, overload, and a stop in the middle.

    python benchmarks/serving.py [PHOTOS_FOLDER] [--seconds 5] [--rounds 3] [--clients 1 8 32]

Real servers in processes of their own, one photo per request, each client on one connection. The servers take
turns in rounds, so that what else the machine does hits both, and the median of the rounds is told. Then 256
clients that never wait ask one server with small limits, and it is stopped while 32 clients ask. Prints JSON.
Without a folder the photos are 24 synthetic patches of 227 pixels. Memory and the stop are measured on Linux.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from crackscope.cpus import available_cpus
from crackscope.dataset.synthetic.scenes import make_patch
from crackscope.labels import Label

BOUNDARY = "----crackscope"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
ONE_BY_ONE, TOGETHER = 1, 8


class Server:
    """A running `crackscope serve`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]

    def processor_s(self) -> float:
        """Processor time so far, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def mean_batch(self) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        photos, runs = (
            float(re.search(rf"^crackscope_batch_photos_{name} (\S+)", text, re.M)[1])  # type: ignore[index]
            for name in ("sum", "count")
        )
        return round(photos / runs, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="?", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    options = parser.parse_args()
    bodies = [_body(photo) for photo in _photos(options.photos)]
    report: dict[str, Any] = {
        "machine": platform.machine(),
        "processors": available_cpus(),
        "load_average_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("fastapi", "uvicorn", "onnxruntime")},
        "seconds": options.seconds,
        "rounds": options.rounds,
        "batching": [_compare(bodies, clients, options) for clients in options.clients],
    }
    if sys.platform == "linux":
        report |= {"overload": _overload(bodies, options), "stop": _stop(bodies, options)}
    print(json.dumps(report, indent=2))


def _compare(bodies: list[bytes], clients: int, options: argparse.Namespace) -> dict[str, Any]:
    """The same load on both servers in turns; ratios are together over one by one."""
    rounds: dict[int, list[dict[str, float]]] = {ONE_BY_ONE: [], TOGETHER: []}
    with (
        _serve(options, "--batch-size", ONE_BY_ONE) as one,
        _serve(options, "--batch-size", TOGETHER) as other,
    ):
        servers = {ONE_BY_ONE: one, TOGETHER: other}
        for server in servers.values():
            _ask(server, bodies, clients, 1.0)
        for _ in range(options.rounds):
            for size, server in servers.items():
                rounds[size].append(_measure(server, bodies, clients, options.seconds))
        batch = other.mean_batch()
    found = {
        size: {name: round(median(each[name] for each in measured), 1) for name in measured[0]}
        for size, measured in rounds.items()
    }
    ratios = {name: round(found[TOGETHER][name] / found[ONE_BY_ONE][name], 2) for name in found[TOGETHER]}
    result = {
        "clients": clients,
        "one_by_one": found[ONE_BY_ONE],
        "together": found[TOGETHER],
        "ratio": ratios,
        "mean_batch": batch,
    }
    print(result, file=sys.stderr)
    return result


def _measure(server: Server, bodies: list[bytes], clients: int, seconds: float) -> dict[str, float]:
    began = server.processor_s() if sys.platform == "linux" else 0.0
    took_s, answers = _ask(server, bodies, clients, seconds)
    latencies_s = [latency_s for status, latency_s in answers if status == 200]
    p50, p99 = np.percentile(latencies_s, [50, 99]) * 1000
    found = {
        "photos_per_s": len(latencies_s) / took_s,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
    }
    if sys.platform == "linux":
        # Where other programs keep the processors busy, this is what can still be compared.
        found["photos_per_processor_s"] = len(latencies_s) / (server.processor_s() - began)
    return found


def _overload(bodies: list[bytes], options: argparse.Namespace) -> dict[str, Any]:
    """256 clients that come back at once, whatever the answer; memory must not follow."""
    with _serve(options, "--limit-queue", 256) as server:
        _ask(server, bodies, 32, 2.0)
        before_mb, peaks = server.memory_mb(), []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.2):
                peaks.append(server.memory_mb())

        watcher = threading.Thread(target=watch)
        watcher.start()
        took_s, answers = _ask(server, bodies, 256, max(10.0, options.seconds))
        done.set()
        watcher.join()
        third = len(peaks) // 3
        statuses = Counter(status for status, _ in answers)
        result = {
            "clients": 256,
            "answers": dict(statuses),
            "photos_per_s": round(statuses[200] / took_s, 1),
            "memory_mb_before": round(before_mb),
            "memory_mb_by_third": [round(max(peaks[i * third : (i + 1) * third])) for i in range(3)],
        }
    print(result, file=sys.stderr)
    return result


def _stop(bodies: list[bytes], options: argparse.Namespace) -> dict[str, Any]:
    """SIGTERM while 32 clients ask: a request that was taken in gets its answer."""
    with _serve(options) as server:
        _ask(server, bodies, 32, 1.0)
        threading.Timer(1.5, server.process.send_signal, [signal.SIGTERM]).start()
        _, answers = _ask(server, bodies, 32, 30.0)
        began = time.perf_counter()
        code = server.process.wait(60)
    statuses = Counter(status for status, _ in answers)
    result = {
        "answered": statuses[200],
        "refused": statuses[503],
        "connection_closed_while_idle": statuses[-1],
        "cut_off_in_an_answer": statuses[-2],
        "s_until_exit": round(time.perf_counter() - began, 2),
        "exit_code": code,
    }
    print(result, file=sys.stderr)
    return result


@contextmanager
def _serve(options: argparse.Namespace, *more: object) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "crackscope", "serve", "--port", "0", "--data-dir", folder]
        command += ["--model", str(options.model)] if options.model else []
        with subprocess.Popen(
            [*command, *map(str, more)], stdout=subprocess.PIPE, encoding="utf-8"
        ) as process:
            assert process.stdout is not None
            url = process.stdout.readline().split(" is at ")[1].split()[0]
            try:
                yield Server(process, int(url.rpartition(":")[2]))
            finally:
                process.terminate()


def _ask(
    server: Server, bodies: list[bytes], clients: int, seconds: float
) -> tuple[float, list[tuple[int, float]]]:
    """(status, seconds) of every answer; -1 where the connection was closed before one, -2 in the middle.

    Requests are written as bytes: a client with comforts would need more of the processors than the server.
    """
    answers: list[tuple[int, float]] = []
    end = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        while (began := time.perf_counter()) < end:
            number += 1
            try:
                connection.request("POST", "/v1/predict", bodies[number % len(bodies)], HEADERS)
                response = connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected):
                answers.append((-1, time.perf_counter() - began))
                return
            try:
                response.read()
            except (ConnectionError, http.client.IncompleteRead):
                answers.append((-2, time.perf_counter() - began))
                return
            answers.append((response.status, time.perf_counter() - began))

    began = time.perf_counter()
    threads = [threading.Thread(target=client, args=(7 * number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, answers


def _body(photo: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    return head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


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


if __name__ == "__main__":
    main()
