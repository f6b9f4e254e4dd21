"""What a project puts on its report's first page: number, letterhead, logo."""

from __future__ import annotations

import base64
import io
import re

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pypdf import PdfReader


def _image(size_wh: tuple[int, int] = (1200, 400)) -> str:
    stream = io.BytesIO()
    Image.new("RGB", size_wh, (200, 30, 30)).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.fixture
def project(client: TestClient) -> str:
    said = {"name": "Aare", "report_number": "2026-017", "letterhead": "Müller AG\nBern"}
    answer = client.post("/v1/projects", json=said)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["has_logo"], answer.json()["report_number"]) == (False, "2026-017")
    return f"/v1/projects/{answer.json()['id']}"


def test_number_letterhead_and_logo_stand_on_the_report(client: TestClient, project: str) -> None:
    assert client.put(f"{project}/logo", json={"image": _image()}).json()["has_logo"]
    page = PdfReader(io.BytesIO(client.get(f"{project}/report.pdf").content)).pages[0]
    assert len(page.images) == 1
    text = page.extract_text()
    assert "Müller AG" in text
    assert re.search(r"Report number\s*2026-017", text)


def test_a_logo_is_kept_small_replaced_and_taken_off(client: TestClient, project: str) -> None:
    assert client.get(f"{project}/logo").status_code == 404
    for size_wh in ((1200, 400), (300, 300)):
        client.put(f"{project}/logo", json={"image": _image(size_wh)})
    answer = client.get(f"{project}/logo")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as logo:
        assert logo.size == (300, 300)
    assert client.delete(f"{project}/logo").status_code == 204
    assert client.delete(f"{project}/logo").status_code == 204
    assert not client.get(project).json()["has_logo"]


@pytest.mark.parametrize("image", ["no base64", base64.b64encode(b"<svg/>").decode(), ""])
def test_what_is_no_picture_is_refused(client: TestClient, project: str, image: str) -> None:
    answer = client.put(f"{project}/logo", json={"image": image})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_a_deleted_project_takes_its_logo_along(client: TestClient, project: str) -> None:
    client.put(f"{project}/logo", json={"image": _image()})
    assert client.delete(project).status_code == 204
    assert client.get(f"{project}/logo").status_code == 404
