"""Hostile uploads, and a fuzz of the server from its own description: it answers, and goes on answering."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    model = write_tiny_bundle(folder / "model").folder
    options = ("--limit-file-mb", 2, "--limit-request-mb", 4, "--limit-pixels", 4_000_000)
    with running_server(model, folder / "data", *options) as started:
        yield started


def _png_bomb(side_px: int) -> bytes:
    """A few kilobytes that claim, and hold, a picture of side_px squared pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((side_px // 8 + 1) * min(side_px, 2000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


_JPEG = photo_bytes(90, (200, 200), "JPEG")
_HOSTILE = {
    "empty": b"",
    "zeros": b"\0" * 1_000_000,
    "truncated jpeg": _JPEG[: len(_JPEG) // 2],
    "only a start": b"\xff\xd8\xff",
    "truncated png": photo_bytes(90, (200, 200))[:60],
    "bomb": _png_bomb(60_000),
    "bomb of jpeg sizes": _JPEG.replace(struct.pack(">HH", 200, 200), struct.pack(">HH", 65_000, 65_000)),
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(/etc/passwd) run\n",
    "gif with zip behind": photo_bytes(90, (64, 64), "GIF") + b"PK\x03\x04" + b"\0" * 100,
    "tiff of nonsense": b"II*\0" + b"\xff" * 300,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_photos_are_answered_and_the_server_lives_on(server: RunningServer, name: str) -> None:
    files = form_files(("../../etc/passwd\n.jpg", _HOSTILE[name]), ("good.png", photo_bytes(0)))
    answer = server.client.post("/v1/predict", files=files)
    assert answer.status_code == 200, answer.text
    assert answer.json()[1]["label"] == "Positive"
    scan = server.client.post("/v1/scan", files=files)
    assert scan.status_code == 202, scan.text
    assert wait_for_job(server.client, scan.json()["job"]["id"])["status"] == "done"
    for photo in scan.json()["photos"]:
        for part in ("", "/image", "/thumbnail", "/overlay", "/grid"):
            status = server.client.get(f"/v1/photos/{photo['id']}{part}").status_code
            assert status in (200, 404, 413, 415, 422), (photo, part)
    assert server.client.get("/readyz").status_code == 200


def test_a_polyglot_is_shown_as_a_picture_only(server: RunningServer) -> None:
    data = photo_bytes(90, (64, 64), "GIF") + b"<script>alert(1)</script>"
    scan = server.client.post("/v1/scan", files=form_files(("a.html", data))).json()
    wait_for_job(server.client, scan["job"]["id"])
    answer = server.client.get(f"/v1/photos/{scan['photos'][0]['id']}/image")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"script" not in answer.content


@pytest.mark.parametrize("megabytes", [3, 50])
def test_more_zeros_than_a_request_may_have_are_413(server: RunningServer, megabytes: int) -> None:
    zeros = io.BytesIO(bytes(megabytes * 1_000_000))
    answer = server.client.post("/v1/predict", files={"files": ("zeros.jpg", zeros)})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] in ("photo_too_large", "request_too_large")


def test_a_gigabyte_of_zeros_of_unknown_length_is_cut_off(server: RunningServer) -> None:
    sent_bytes = 0

    def zeros() -> Iterator[bytes]:
        nonlocal sent_bytes
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
        while sent_bytes < 1_000_000_000:
            sent_bytes += 1_000_000
            yield bytes(1_000_000)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    try:
        answer = server.client.post("/v1/predict", content=zeros(), headers=headers)
    except httpx.TransportError:
        pass  # the server hangs up on a client that goes on sending
    else:
        assert answer.status_code == 413
    assert sent_bytes < 200_000_000
    assert server.client.get("/readyz").status_code == 200


@pytest.mark.slow
def test_the_api_keeps_to_its_own_description(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / "model").folder
    with running_server(model, tmp_path / "data") as server:
        server.client.post("/v1/projects", json={"name": "Bridge"})
        files = form_files(("a.png", photo_bytes(0)))
        scan = server.client.post("/v1/scan", files=files, data={"project_id": "1"}).json()
        wait_for_job(server.client, scan["job"]["id"])
        schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        for operation in schema.get_all_operations():
            _fuzz(operation.ok())
        assert server.client.get("/readyz").status_code == 200


def _fuzz(operation: APIOperation) -> None:
    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def fuzz(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    fuzz()
