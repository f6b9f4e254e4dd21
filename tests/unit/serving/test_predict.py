from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crackscope.records import COLUMNS
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.uploads import form_files, photo_bytes


def _limited(model: Path, tmp_path: Path, **limits: float) -> TestClient:
    settings = ServeSettings(data_dir=tmp_path, model=model, threads=1)
    for name, limit in limits.items():
        # Past what a server may be started with: no upload at all, no time at all.
        object.__setattr__(settings.limits, name, limit)
    return TestClient(create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False)


def test_every_photo_has_a_row_in_order(client: TestClient) -> None:
    photos = [("dark.png", photo_bytes(0)), ("light.png", photo_bytes(255)), ("broken.png", b"no photo")]
    answer = client.post("/v1/predict", files=form_files(*photos))
    assert answer.status_code == 200
    rows = answer.json()
    assert [tuple(row) for row in rows] == [COLUMNS] * 3
    assert [(row["path"], row["label"]) for row in rows] == [
        ("dark.png", "Positive"),
        ("light.png", "Negative"),
        ("broken.png", None),
    ]
    assert "not an image" in rows[2]["error"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"no photo", 415, "not_a_photo"),
        (photo_bytes(size_wh=(2000, 1000)), 413, "photo_too_large"),
        (photo_bytes(size_wh=(8, 8)), 422, "photo_unusable"),
    ],
)
def test_where_no_photo_can_be_scored_the_status_says_why(
    model: Path, tmp_path: Path, data: bytes, status: int, code: str
) -> None:
    with _limited(model, tmp_path, pixels=1_000_000) as client:
        answer = client.post("/v1/predict", files=form_files(("a.png", data)))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["details"]["photos"][0]["error"] in error["message"]


@pytest.mark.parametrize(
    ("limits", "status", "code"),
    [
        ({"files": 1}, 422, "too_many_files"),
        ({"file_bytes": 100}, 413, "photo_too_large"),
        ({"request_bytes": 200}, 413, "request_too_large"),
        ({"queue": 1}, 503, "queue_full"),
        ({"uploads": 0}, 503, "too_many_uploads"),
        ({"timeout_s": 0.0}, 503, "timed_out"),
    ],
)
def test_every_limit_is_kept_and_named(
    model: Path, tmp_path: Path, limits: dict[str, float], status: int, code: str
) -> None:
    with _limited(model, tmp_path, **limits) as client:
        answer = client.post(
            "/v1/predict", files=form_files(("a.png", photo_bytes()), ("b.png", photo_bytes()))
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_body_without_a_length_is_counted_as_it_comes(model: Path, tmp_path: Path) -> None:
    with _limited(model, tmp_path, request_bytes=10_000) as client:
        answer = client.post(
            "/v1/predict",
            content=(b"\0" * 1000 for _ in range(100)),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_every_error_has_the_one_shape(client: TestClient) -> None:
    answers = [
        client.get("/nowhere"),
        client.get("/v1/predict"),
        client.post("/v1/predict"),
        client.post("/v1/predict", json={"files": 1}),
        client.get("/v1/model", headers={"Host": "rebound.example"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 422, 422, 403]
    for answer in answers:
        assert set(answer.json()) == {"error"}
        assert set(answer.json()["error"]) == {"code", "message", "details"}


def test_an_unexpected_error_tells_nothing(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret /etc/passwd")

    monkeypatch.setattr(client.app.state.server.batcher, "submit", fail)  # type: ignore[attr-defined]
    answer = client.post("/v1/predict", files=form_files(("a.png", photo_bytes())))
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "secret" not in answer.text


def test_the_documentation_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http" not in page.replace("http-equiv", "")
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png", "start.js"):
        assert f"/docs/{name}" in page
        assert client.get(f"/docs/{name}").status_code == 200
    assert client.get("/docs/..%2Fcore.py").status_code == 404


def test_metrics_count_by_route_and_label(client: TestClient) -> None:
    client.post("/v1/predict", files=form_files(("a.png", photo_bytes(0)), ("b.png", b"no")))
    text = client.get("/metrics").text
    assert 'crackscope_requests_total{method="POST",route="/v1/predict",status="200"} 1.0' in text
    assert 'crackscope_predictions_total{label="Positive"} 1.0' in text
    assert 'crackscope_predictions_total{label="error"} 1.0' in text
    assert "crackscope_waiting_photos 0.0" in text


def test_the_model_is_described_without_paths_and_versions(client: TestClient, model: Path) -> None:
    document = client.get("/v1/model").json()
    assert document["name"] == "mean darkness"
    assert document["threshold"]["value"] == 0.5
    assert document["limits"]["files"] == 256
    assert "versions" not in document
    assert str(model) not in str(document)
