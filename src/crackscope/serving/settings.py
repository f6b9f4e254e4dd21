"""How the server runs, and what it refuses."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from crackscope.inference.settings import Range

#: Where projects, photos and users are kept unless told otherwise.
DEFAULT_DATA_DIR = Path("crackscope-data")

#: Limits that are counted, and limits in seconds.
AT_LEAST = {int: Range(1), float: Range(0.1)}
KEEP_UPLOADS_H = Range(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request, and all of them together, may ask for; docs/serving.md has the reasons.

    Attributes:
        request_bytes: Of a request's body.
        file_bytes: Of one photo.
        files: Photos in one request.
        pixels: Of one photo, read from its header before it is decoded.
        uploads: Requests with photos in work at once.
        queue: Photos that wait for a prediction, of all clients together.
        jobs: Scans that wait or run.
        timeout_s: Until a prediction is given up.
        upload_s: Until a request must have arrived whole.
    """

    request_bytes: int = 512_000_000
    file_bytes: int = 64_000_000
    files: int = 256
    pixels: int = 120_000_000
    uploads: int = 64
    queue: int = 1024
    jobs: int = 100
    timeout_s: float = 60.0
    upload_s: float = 300.0

    def __post_init__(self) -> None:
        for name, found in asdict(self).items():
            AT_LEAST[type(found)].check(f"the limit {name}", found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Everything a server is started with.

    Attributes:
        data_dir: Folder of the photos, the database and the users.
        model: A model folder; ``None`` is the one put in place in ``data_dir``, else the shipped detector.
        database_url: Any SQLAlchemy URL; ``None`` is SQLite in ``data_dir``.
        host: Address to listen on; anything but this machine needs users, or ``insecure``.
        insecure: Serve other machines without tokens.
        batch_size: Photos of all clients that one run of the model may take; 1 is one by one.
        threads: Threads that decode and classify; ``None`` is one per processor.
        keep_uploads_h: Hours until photos outside a project are deleted.
        request_log: File that gets a line of JSON for every answer, ``-`` for standard error; ``None``: none.
        ray: Address of a Ray cluster that scans; ``None`` is this process.
    """

    data_dir: Path = DEFAULT_DATA_DIR
    model: Path | None = None
    database_url: str | None = None
    host: str = "127.0.0.1"
    insecure: bool = False
    batch_size: int = 8
    threads: int | None = None
    keep_uploads_h: float = 24.0
    request_log: Path | None = None
    ray: str | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        AT_LEAST[int].check("the batch size", self.batch_size)
        KEEP_UPLOADS_H.check("hours that uploads are kept", self.keep_uploads_h)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def needs_token(self) -> bool:
        """Whether every request has to name its user by a token."""
        return not self.loopback and not self.insecure
