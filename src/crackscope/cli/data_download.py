"""``crackscope data download``: fetch and unpack METU's photos, or any other archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

import typer

from crackscope.cli.labelled_data import describe_counts

if TYPE_CHECKING:
    from crackscope.dataset.fetch import Published

_Progress = Callable[[int, int | None], None]


def download(
    to: Annotated[Path, typer.Option(help="Folder of data sets.")] = Path("datasets"),
    url: Annotated[
        str | None, typer.Option(help="Another archive (zip, tar or RAR) than METU's.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Folder to make in it; without it metu, or the archive's name.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(help="An archive fetched by hand.", show_default=False),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(help="What the archive's SHA-256 must be, if you know it.")
    ] = None,
) -> None:
    """Fetch METU's 40,000 patches (about 240 MB) and unpack them.

    A broken transfer goes on where it stopped. The archive's checksum is recorded, and verified whenever the
    command runs again.
    """
    from crackscope.dataset.discover import discover
    from crackscope.dataset.fetch import fetch

    published = _published(url, name)
    with _bars() as (on_download, on_unpack):
        fetched = fetch(
            published, to, archive=archive, sha256=sha256, on_download=on_download, on_unpack=on_unpack
        )
    if fetched.was_there:
        typer.echo(f"{fetched.folder} was there already; nothing was changed")
    if fetched.sha256 is not None:
        typer.echo(f"SHA-256 of the archive: {fetched.sha256}")
    typer.echo(f"{describe_counts(discover([fetched.folder]))} in {fetched.folder}")
    if published.credit:
        typer.echo(f"credit: {published.credit}")


def _published(url: str | None, name: str | None) -> Published:
    import dataclasses

    from crackscope.dataset.fetch import METU, Published

    if url is None:
        return dataclasses.replace(METU, name=name or METU.name)
    stem = PurePosixPath(unquote(urlsplit(url).path)).name.split(".")[0]
    return Published(name=name or stem or "download", url=url, page=url, credit="")


@contextmanager
def _bars() -> Iterator[tuple[_Progress, _Progress]]:
    """Two bars on standard error, where that is a terminal: bytes fetched and bytes unpacked."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as SpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        SpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        fetching = bars.add_task("fetching", total=None, visible=False)
        unpacking = bars.add_task("unpacking", total=None, visible=False)
        yield (
            lambda done, total: bars.update(fetching, completed=done, total=total, visible=True),
            lambda done, total: bars.update(unpacking, completed=done, total=total, visible=True),
        )
