"""``crackscope serve`` and ``crackscope serve user``: the web server, and who may use it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.errors import SettingsError
from crackscope.extras import needs_extra
from crackscope.serving.settings import AT_LEAST, DEFAULT_DATA_DIR, KEEP_UPLOADS_H, Limits, ServeSettings

if TYPE_CHECKING:
    from crackscope.serving.auth import Users
    from crackscope.serving.context import Server
    from crackscope.serving.scan_import import OpenedScan

app = typer.Typer(name="serve", invoke_without_command=True)
users = typer.Typer(
    name="user", help="Name the users of a server that others can reach.", no_args_is_help=True
)
app.add_typer(users)

DataDir = Annotated[Path, typer.Option(help="Folder of the photos, the database and the users.")]
_USUAL = ServeSettings()
_LIMITS = _USUAL.limits


@app.callback()
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine need users first.")
    ] = _USUAL.host,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8000,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            help="Folder of a model; without it the data folder's own, else the shipped detector.",
        ),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL; without it SQLite in the data folder.")
    ] = None,
    open_folder: Annotated[
        Path | None,
        typer.Option(
            "--open",
            help="Folder of `crackscope scan`'s results, to become a project that is not scanned again.",
        ),
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(help="Folder where the photos of --open lie now, if they moved.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let every machine in without a token.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads that classify; without it one per processor.")
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Photos of all clients in one run of the model.")
    ] = _USUAL.batch_size,
    keep_uploads: Annotated[
        float,
        typer.Option(min=KEEP_UPLOADS_H.least, help="Hours until photos outside a project are deleted."),
    ] = _USUAL.keep_uploads_h,
    request_log: Annotated[
        Path | None,
        typer.Option(
            help="File that gets a line of JSON for every answer; '-' is standard error.", show_default=False
        ),
    ] = None,
    limit_files: Annotated[int, typer.Option(min=1, help="Most photos in one request.")] = _LIMITS.files,
    limit_file_mb: Annotated[
        int, typer.Option(min=1, help="Most megabytes of one photo.")
    ] = _LIMITS.file_bytes // 1_000_000,
    limit_request_mb: Annotated[
        int, typer.Option(min=1, help="Most megabytes of one request.")
    ] = _LIMITS.request_bytes // 1_000_000,
    limit_pixels: Annotated[
        int, typer.Option(min=1, help="Photos with more pixels than this are refused.")
    ] = _LIMITS.pixels,
    limit_jobs: Annotated[
        int, typer.Option(min=1, help="Most scans that wait or run at a time.")
    ] = _LIMITS.jobs,
    limit_queue: Annotated[
        int, typer.Option(min=1, help="Most photos that wait for a prediction.")
    ] = _LIMITS.queue,
    timeout: Annotated[
        float, typer.Option(min=AT_LEAST[float].least, help="Seconds until a prediction is given up.")
    ] = _LIMITS.timeout_s,
    ray: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster, or 'auto', that scans instead of this process."),
    ] = None,
) -> None:
    """Serve the page and the REST API: upload, scan, review, report.

    Only this machine can connect unless --host says otherwise; then name users first, with
    `crackscope serve user add NAME`. Stop with Ctrl-C: what was begun is finished, and scans go on at the
    next start.
    """
    if context.invoked_subcommand is not None:
        return
    with needs_extra("serve"):
        import uvicorn

        from crackscope.serving.app import create_app
    settings = ServeSettings(
        data_dir=data_dir,
        model=model,
        database_url=database,
        host=host,
        insecure=insecure,
        batch_size=batch_size,
        threads=threads,
        keep_uploads_h=keep_uploads,
        request_log=request_log,
        ray=ray,
        limits=Limits(
            files=limit_files,
            file_bytes=limit_file_mb * 1_000_000,
            request_bytes=limit_request_mb * 1_000_000,
            pixels=limit_pixels,
            jobs=limit_jobs,
            queue=max(limit_queue, limit_files),
            timeout_s=timeout,
        ),
    )
    _require_users(settings)
    with _listen(host, port) as listener:
        application = create_app(settings)
        server: Server = application.state.server
        opened = None if open_folder is None else _open(server, open_folder, photos)
        config = uvicorn.Config(
            application,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=60,
        )
        typer.echo(f"crackscope is at {_address(host, listener)} (API: /docs). Stop it with Ctrl-C.")
        if opened is not None:
            _tell_opened(opened, _address(host, listener), server)
        uvicorn.Server(config).run(sockets=[listener])


def _open(server: Server, folder: Path, photos: Path | None) -> OpenedScan:
    """Make a project of a scan's folder."""
    from crackscope.serving.scan_import import open_scan

    try:
        with server.sessions() as session:
            return open_scan(session, server.store, server.settings, folder, photos)
    except BaseException:
        server.close()
        raise


def _tell_opened(opened: OpenedScan, address: str, server: Server) -> None:
    before = "was opened before" if opened.again else f"is open: {opened.photos} photos"
    typer.echo(f"The scan {before}, at {address}/#/projects/{opened.project_id}")
    if opened.model_sha256 != server.classifier.bundle.identity:
        typer.echo("its results are of another model than the server's, and stay as they are", err=True)


@users.command()
def add(
    name: Annotated[str, typer.Argument(help="A person or program.")], data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Name a user and print the token, once: only its hash is kept."""
    token = _users(data_dir).add(name)
    typer.echo(f"Token of {name}, shown this once:", err=True)
    typer.echo(token)


@users.command("list")
def list_users(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """List the users."""
    for name in _users(data_dir).names():
        typer.echo(name)


@users.command()
def remove(
    name: Annotated[str, typer.Argument(help="A user.")], data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Take a user's token away; it stops working at once, also in a running server."""
    _users(data_dir).remove(name)
    typer.echo(f"{name} can no longer log in.")


def _users(data_dir: Path) -> Users:
    with needs_extra("serve"):
        from crackscope.serving.auth import USERS_NAME, Users
    return Users(data_dir / USERS_NAME)


def _require_users(settings: ServeSettings) -> None:
    if settings.needs_token and not _users(settings.data_dir).names():
        raise SettingsError(
            f"{settings.host} can be reached from other machines and there are no users; "
            f"run `crackscope serve user add NAME --data-dir {settings.data_dir}`, or pass --insecure"
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or error
        raise SettingsError(
            f"cannot listen on {host}, port {port}: {reason}; choose another --port"
        ) from error


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
