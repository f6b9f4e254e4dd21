from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crackscope.errors import SettingsError
from crackscope.serving.app import create_app
from crackscope.serving.auth import USERS_NAME, Users
from crackscope.serving.settings import ServeSettings
from tests.helpers.uploads import form_files, photo_bytes


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path / USERS_NAME)


def test_a_token_finds_its_user_and_only_its_hash_is_kept(users: Users, tmp_path: Path) -> None:
    token, other = users.add("anna"), users.add("ben")
    assert (users.find(token), users.find(other), users.find(token[:-1])) == ("anna", "ben", None)
    assert token not in (tmp_path / USERS_NAME).read_text(encoding="utf-8")


def test_a_removed_user_is_unknown_at_once_to_others_that_read_the_file(users: Users, tmp_path: Path) -> None:
    token = users.add("anna")
    running = Users(tmp_path / USERS_NAME)
    assert running.find(token) == "anna"
    users.remove("anna")
    assert running.find(token) is None


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "a\nb", "../x", "<b>"])
def test_odd_names_are_refused(users: Users, name: str) -> None:
    with pytest.raises(SettingsError, match="no user name"):
        users.add(name)


def test_a_name_is_given_once(users: Users) -> None:
    users.add("anna")
    with pytest.raises(SettingsError, match="already"):
        users.add("anna")


def test_beyond_this_machine_every_request_needs_a_token(model: Path, tmp_path: Path, users: Users) -> None:
    token = users.add("anna")
    settings = ServeSettings(data_dir=tmp_path, model=model, host="0.0.0.0", threads=1)
    with TestClient(create_app(settings), base_url="http://bridge.example") as client:
        assert client.get("/healthz").status_code == 200
        refused = client.get("/v1/model")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_needed")
        assert client.get("/metrics").status_code == 401
        assert client.get("/v1/model", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/v1/model", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_on_this_machine_only_its_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/v1/model", headers={"Host": host}).status_code == 200
    assert (
        client.get("/v1/model", headers={"Host": f"{host.removesuffix(':8000')}.evil.example"}).status_code
        == 403
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_other_sites_may_not_post(client: TestClient, headers: dict[str, str], status: int) -> None:
    files = form_files(("a.png", photo_bytes()))
    assert client.post("/v1/predict", files=files, headers=headers).status_code == status


def test_answers_carry_security_headers_and_no_server_version(client: TestClient) -> None:
    for answer in (client.get("/v1/model"), client.get("/nowhere")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
