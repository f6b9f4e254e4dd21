"""Downloads from a real HTTP server on this machine: whole, broken off, resumed, refused, slow, hostile."""

from __future__ import annotations

import contextlib
import hashlib
import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.download import Timeouts, download
from crackscope.dataset.fetch import Published, fetch
from crackscope.errors import ArchiveError, ChecksumError, DownloadError, SettingsError
from tests.unit.dataset.photos import noise

CONTENT = bytes(range(256)) * 4000
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Served:
    """What the server holds, how it behaves, and what it was asked for."""

    url: str = ""
    content: bytes = CONTENT
    etag: str | None = '"first"'
    last_modified: str | None = None
    status: int | None = None
    break_after: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    sends_length: bool = True
    wait_s: float = 0
    chunk_wait_s: float = 0
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)

    def still_the_same(self, if_range: str | None) -> bool:
        return if_range is None or if_range in (self.etag, self.last_modified)


class Handler(BaseHTTPRequestHandler):
    served: Served
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        # A client that gave up waiting is part of these tests.
        with contextlib.suppress(ConnectionError):
            self._answer()

    def _answer(self) -> None:
        served = self.served
        wanted = self.headers.get("Range")
        served.asked.append((wanted, self.headers.get("If-Range")))
        time.sleep(served.wait_s)
        if self.path == "/moved":
            return self._redirect("/file.zip")
        if served.status is not None:
            return self.send_error(served.status)
        start = 0
        if wanted and served.knows_ranges and served.still_the_same(self.headers.get("If-Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(served.content):
                return self.send_error(416)
        self._send(start)
        return None

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, start: int) -> None:
        served, body = self.served, self.served.content[start:]
        self.send_response(206 if start else 200)
        if served.sends_length:
            self.send_header("Content-Length", str(len(body)))
        if start:
            end = len(served.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(served.content)}")
        for name, value in (("ETag", served.etag), ("Last-Modified", served.last_modified)):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        stop = served.break_after.pop(0) if served.break_after else len(body)
        for at in range(0, stop, 65_536):
            self.wfile.write(body[at : min(at + 65_536, stop)])
            time.sleep(served.chunk_wait_s)
        self.close_connection = stop < len(body) or not served.sends_length

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    handler = type("ThisHandler", (Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    served.url = f"http://127.0.0.1:{server.server_port}/file.zip"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def broken_transfer(served: Served, target: Path, at: int = 300_000) -> None:
    """Leave a partial file, as a connection does that breaks off and then brings nothing more."""
    served.break_after = [at, 0]
    with pytest.raises(DownloadError, match=f"broke off at {at:,} bytes.*run the command again"):
        download(served.url, target)
    assert not target.exists()
    assert target.with_name(target.name + ".partial").stat().st_size == at
    served.asked.clear()


def test_file_arrives_whole_with_its_checksum_recorded(served: Served, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    target = tmp_path / "new" / "a.zip"
    assert download(served.url, target, sha256=SHA.upper(), progress=lambda *call: calls.append(call)) == SHA
    assert target.read_bytes() == CONTENT
    assert (tmp_path / "new" / "a.zip.sha256").read_text(encoding="utf-8") == f"{SHA}  a.zip\n"
    assert leftovers(tmp_path / "new") == {"a.zip", "a.zip.sha256"}
    assert calls[0] == (0, len(CONTENT))
    assert calls[-1] == (len(CONTENT), len(CONTENT))


def test_redirections_are_followed(served: Served, tmp_path: Path) -> None:
    download(served.url.replace("/file.zip", "/moved"), tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_server_that_tells_no_length_is_read_to_its_end(served: Served, tmp_path: Path) -> None:
    served.sends_length = False
    assert download(served.url, tmp_path / "a.zip") == SHA


def test_connection_that_breaks_off_is_continued_by_itself(served: Served, tmp_path: Path) -> None:
    served.break_after = [300_000, 100_000]
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert served.asked == [(None, None), ("bytes=300000-", '"first"'), ("bytes=400000-", '"first"')]


def test_next_run_goes_on_where_the_last_one_stopped(served: Served, tmp_path: Path) -> None:
    broken_transfer(served, tmp_path / "a.zip")
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert served.asked == [("bytes=300000-", '"first"')]
    assert leftovers(tmp_path) == {"a.zip", "a.zip.sha256"}


def test_file_that_changed_on_the_server_is_fetched_afresh(served: Served, tmp_path: Path) -> None:
    broken_transfer(served, tmp_path / "a.zip")
    served.content, served.etag = CONTENT[::-1], '"second"'
    download(served.url, tmp_path / "a.zip")
    assert served.asked == [("bytes=300000-", '"first"')]
    assert (tmp_path / "a.zip").read_bytes() == CONTENT[::-1]


def test_server_that_ignores_ranges_is_read_from_the_start(served: Served, tmp_path: Path) -> None:
    broken_transfer(served, tmp_path / "a.zip")
    served.knows_ranges = False
    assert download(served.url, tmp_path / "a.zip") == SHA


def test_date_is_good_enough_to_resume_by_and_a_weak_etag_is_not(served: Served, tmp_path: Path) -> None:
    served.etag, served.last_modified = 'W/"weak"', formatdate(0, usegmt=True)
    broken_transfer(served, tmp_path / "a.zip")
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert served.asked == [("bytes=300000-", served.last_modified)]


def test_without_anything_to_recognise_the_file_by_it_is_fetched_afresh(
    served: Served, tmp_path: Path
) -> None:
    served.etag, served.break_after = None, [300_000, 0]
    with pytest.raises(DownloadError, match="broke off"):
        download(served.url, tmp_path / "a.zip")
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert set(served.asked) == {(None, None)}


def test_part_of_another_address_is_not_continued(served: Served, tmp_path: Path) -> None:
    broken_transfer(served, tmp_path / "a.zip")
    assert download(f"{served.url}?other", tmp_path / "a.zip") == SHA
    assert served.asked == [(None, None)]


@pytest.mark.parametrize("note", ["", "{", "[]", '{"url": 1}'])
def test_damaged_note_about_a_part_means_a_fresh_start(served: Served, tmp_path: Path, note: str) -> None:
    broken_transfer(served, tmp_path / "a.zip")
    (tmp_path / "a.zip.partial.json").write_text(note, encoding="utf-8")
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert served.asked == [(None, None)]


def test_part_longer_than_the_file_means_a_fresh_start(served: Served, tmp_path: Path) -> None:
    broken_transfer(served, tmp_path / "a.zip")
    with (tmp_path / "a.zip.partial").open("ab") as stream:
        stream.write(CONTENT)
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert [wanted for wanted, _ in served.asked] == [f"bytes={300_000 + len(CONTENT)}-", None]


def test_wrong_checksum_is_an_error_and_nothing_of_it_is_kept(served: Served, tmp_path: Path) -> None:
    with pytest.raises(ChecksumError, match=f"SHA-256 {SHA}; expected {'0' * 64}"):
        download(served.url, tmp_path / "a.zip", sha256="0" * 64)
    assert leftovers(tmp_path) == set()


def test_file_that_is_there_is_verified_and_not_fetched_again(served: Served, tmp_path: Path) -> None:
    download(served.url, tmp_path / "a.zip")
    served.asked.clear()
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert served.asked == []


def test_file_that_changed_since_it_was_recorded_is_an_error(served: Served, tmp_path: Path) -> None:
    download(served.url, tmp_path / "a.zip")
    (tmp_path / "a.zip").write_bytes(CONTENT[:-1])
    with pytest.raises(ChecksumError, match=r"recorded in a\.zip\.sha256; the file is damaged"):
        download(served.url, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == CONTENT[:-1]


def test_file_put_there_by_hand_is_recorded(served: Served, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(CONTENT)
    assert download(served.url, tmp_path / "a.zip") == SHA
    assert (tmp_path / "a.zip.sha256").is_file()
    assert served.asked == []


@pytest.mark.parametrize("status", [404, 403, 503])
def test_refusal_of_the_server_is_an_error_with_its_number(
    served: Served, tmp_path: Path, status: int
) -> None:
    served.status = status
    with pytest.raises(DownloadError, match=f"the server answered {status}"):
        download(served.url, tmp_path / "a.zip")
    assert leftovers(tmp_path) == set()


def test_server_that_does_not_answer_is_given_up_in_time(served: Served, tmp_path: Path) -> None:
    served.wait_s = 1.5
    began = time.monotonic()
    with pytest.raises(DownloadError, match=r"cannot reach 127\.0\.0\.1: no answer within 0\.2 seconds"):
        download(served.url, tmp_path / "a.zip", timeouts=Timeouts(answer_s=0.2))
    assert time.monotonic() - began < 1


def test_slow_server_is_waited_for_as_long_as_something_comes(served: Served, tmp_path: Path) -> None:
    served.chunk_wait_s = 0.05
    assert download(served.url, tmp_path / "a.zip", timeouts=Timeouts(answer_s=0.5, stall_s=0.5)) == SHA


def test_server_that_stalls_is_given_up_and_the_part_kept(served: Served, tmp_path: Path) -> None:
    served.chunk_wait_s = 1.5
    with pytest.raises(DownloadError, match=r"broke off at .* bytes"):
        download(served.url, tmp_path / "a.zip", timeouts=Timeouts(answer_s=1, stall_s=0.2))
    assert "a.zip.partial" in leftovers(tmp_path)


def test_refused_connection_says_so_and_how_to_do_it_by_hand(tmp_path: Path) -> None:
    with contextlib.closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x.zip"
        metu = Published(name="metu", url=url, page="https://example.org/metu", credit="")
        with pytest.raises(DownloadError, match=r"^cannot reach 127\.0\.0\.1") as caught:
            fetch(metu, tmp_path / "datasets")
    message = str(caught.value)
    assert message.startswith("cannot reach 127.0.0.1")
    assert "https://example.org/metu" in message
    assert "crackscope data download --archive FILE" in message
    assert str(tmp_path / "datasets" / "metu" / "Positive") in message
    assert not (tmp_path / "datasets").exists()


def test_look_up_of_a_name_that_hangs_is_given_up_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a network, the system's look-up waits for name servers, up to half a minute.
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(20))
    began = time.monotonic()
    with pytest.raises(DownloadError, match=r"cannot reach metu\.invalid: no answer within 0\.2 seconds"):
        download("http://metu.invalid/a.zip", tmp_path / "a.zip", timeouts=Timeouts(answer_s=0.2))
    assert time.monotonic() - began < 2
    assert Timeouts().answer_s < 9
    released.set()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a.zip", "a.zip"])
def test_only_http_addresses_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="expected http:// or https://"):
        download(url, tmp_path / "a.zip")


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def photo(seed: int) -> bytes:
    encoded = io.BytesIO()
    noise(seed).save(encoded, "PNG")
    return encoded.getvalue()


runner = CliRunner()


def test_command_fetches_unpacks_and_counts_and_then_changes_nothing(served: Served, tmp_path: Path) -> None:
    served.content = zipped(
        {"set/Positive/1.png": photo(1), "set/Negative/1.png": photo(2), "set/Negative/2.png": photo(3)}
    )
    arguments = ["data", "download", "--to", str(tmp_path / "data"), "--url", served.url, "--name", "walls"]
    first = runner.invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert "1 Positive and 2 Negative photos" in first.output
    digest = hashlib.sha256(served.content).hexdigest()
    assert digest in first.output
    (tmp_path / "data" / "walls" / "Positive" / "mine.png").write_bytes(photo(4))
    again = runner.invoke(app, arguments)
    assert again.exit_code == 0, again.output
    assert "was there already; nothing was changed" in again.output
    assert "2 Positive and 2 Negative photos" in again.output
    assert len(served.asked) == 1


def test_command_notices_on_the_next_run_that_the_archive_was_damaged(served: Served, tmp_path: Path) -> None:
    served.content = zipped({"Positive/1.png": photo(1), "Negative/1.png": photo(2)})
    arguments = ["data", "download", "--to", str(tmp_path), "--url", served.url]
    assert runner.invoke(app, arguments).exit_code == 0
    with (tmp_path / "file.archive").open("ab") as stream:
        stream.write(b"!")
    assert isinstance(runner.invoke(app, arguments).exception, ChecksumError)


def test_command_unpacks_an_archive_fetched_by_hand(tmp_path: Path) -> None:
    mine = tmp_path / "downloads" / "metu.zip"
    mine.parent.mkdir()
    mine.write_bytes(zipped({"Positive/1.png": photo(1), "Negative/1.png": photo(2)}))
    result = runner.invoke(app, ["data", "download", "--to", str(tmp_path / "data"), "--archive", str(mine)])
    assert result.exit_code == 0, result.output
    assert "1 Positive and 1 Negative photos" in result.output
    assert "CC BY 4.0" in result.output
    assert (tmp_path / "data" / "metu" / "Positive" / "1.png").is_file()
    assert mine.is_file()


def test_hostile_archive_is_refused_and_the_folder_of_data_sets_stays_empty_of_it(
    served: Served, tmp_path: Path
) -> None:
    served.content = zipped({"Positive/1.png": photo(1), "../../Negative/1.png": photo(2)})
    arguments = ["data", "download", "--to", str(tmp_path / "a" / "data"), "--url", served.url]
    assert isinstance(runner.invoke(app, arguments).exception, ArchiveError)
    assert leftovers(tmp_path / "a") == {"data"}
    assert leftovers(tmp_path / "a" / "data") == {"file.archive", "file.archive.sha256"}
