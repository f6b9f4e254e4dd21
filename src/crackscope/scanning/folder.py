"""A scan of many photos into one folder: resumable, in any number of workers, results never half-written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.bundle import Bundle
from crackscope.errors import MissingExtraError, PhotoError
from crackscope.guard import one_photo
from crackscope.inference.find_photos import Found
from crackscope.inference.site_cut import SiteCut, fit_site_cut
from crackscope.inspection.codec import SCHEMA_VERSION, report_from_json, report_to_json
from crackscope.photos.items import ScanItem
from crackscope.records import Failure
from crackscope.scanning.index_page import INDEX_HTML, write_index
from crackscope.scanning.inputs import VIDEO_SUFFIXES, find_inputs
from crackscope.scanning.journal import Journal
from crackscope.scanning.photo_scanner import PhotoScanner
from crackscope.scanning.records import ScanSettings
from crackscope.scanning.results import ScanOutcome, write_results
from crackscope.scanning.video import video_frames

OVERLAYS = "overlays"
#: Names of files have at most 255 bytes, and a temporary one has more in it.
_NAME_BYTES = 200
_NOT_IN_NAMES = re.compile('[\x00-\x1f\x7f<>:"/\\\\|?*%#\ud800-\udfff]')
#: Raised where the same photo, model and settings give another report than in an earlier version.
_REPORTS = 3
#: Settings that change how a scan runs, but no number in it.
_NOT_IN_RESULTS = ("memory_mb", "limit_pixels", "shift_cells")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSummary:
    """How a scan of a folder ended.

    Attributes:
        output: Where the results are.
        photos: Photos and frames that were asked for.
        positive: Those with label Positive.
        review: Those that a person should look at.
        failures: Those that could not be scanned.
        reused: Those that an earlier run had finished.
        site: Where Positive begins, and why, where the photos were said to be one site.
    """

    output: Path
    photos: int
    positive: int
    review: int
    failures: tuple[Failure, ...]
    reused: int
    site: SiteCut | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    """A finished item: the key of its report in the journal."""

    name: str
    key: str
    reused: bool


class FolderScan:
    """One run of ``crackscope scan``."""

    def __init__(
        self,
        scanner: PhotoScanner,
        output: Path,
        *,
        overlays: bool,
        every_s: float,
        index: bool = True,
        site: SiteCut | None = None,
    ) -> None:
        self._scanner, self._output = scanner, output
        self._overlays, self._every_s, self._index = overlays, every_s, index
        settings = replace(scanner.settings, threshold=scanner.threshold)
        self._header = results_header(scanner.classifier.bundle, settings)
        # Engines agree only to 1e-5: a scan that went on with another would mix their digits. The network's
        # SHA-256 in the header does not tell how cells become probabilities.
        cells = asdict(scanner.classifier.bundle.config.cells)
        facts = [_REPORTS, SCHEMA_VERSION, self._header, scanner.settings.shift_cells, scanner.runs_on, cells]
        if site is not None:  # its band of uncertain scores is another than that of the threshold alone
            facts.append(site.as_row())
        text = json.dumps(facts, sort_keys=True)
        self._settings_key = hashlib.sha256(text.encode()).hexdigest()[:16]

    def scan(
        self,
        inputs: list[Path | str],
        *,
        fresh: bool,
        progress: Callable[[int, int | None], None] | None,
        site: bool = False,
    ) -> ScanSummary:
        """Scan everything that is not finished yet, then write the tables from all of it.

        The photos of one site whose scores give it another cut are scanned again with that: regions, tables
        and overlays follow from where Positive begins.
        """
        items = list(scan_items(self._scanner, find_inputs(inputs, self._output), self._every_s))
        header, cut = self._header, None
        with Journal(self._output, fresh=fresh) as journal:
            done = self._finish_all(items, journal, progress)
            if site:
                cut = fit_site_cut(_scores(done, journal), self._scanner.threshold)
                decided = self._for_site(cut) if cut.moved else self
                header = {**decided._header, "site": cut.as_row()}
                if cut.moved:
                    done = decided._finish_all(items, journal, progress)
            written = write_results(self._output, _outcomes(done, journal), header)
        self._write_index()
        return ScanSummary(
            output=self._output,
            photos=len(done),
            positive=written.positive,
            review=written.review,
            failures=tuple(written.failures),
            reused=sum(isinstance(end, _Done) and end.reused for end in done),
            site=cut,
        )

    def _write_index(self) -> None:
        if self._index:
            write_index(self._output)
        else:
            # One of an earlier run would show other results than the tables beside it.
            (self._output / INDEX_HTML).unlink(missing_ok=True)

    def _for_site(self, cut: SiteCut) -> FolderScan:
        scanner = self._scanner.for_site(cut)
        return FolderScan(scanner, self._output, overlays=self._overlays, every_s=self._every_s, site=cut)

    def _finish_all(
        self,
        items: list[ScanItem | Failure],
        journal: Journal,
        progress: Callable[[int, int | None], None] | None,
    ) -> list[_Done | Failure]:
        done: list[_Done | Failure] = []
        with ThreadPoolExecutor(self._scanner.jobs, thread_name_prefix="photos") as workers:
            ends: list[Future[_Done | Failure]] = [
                workers.submit(self._finish, item, journal) for item in items
            ]
            try:
                for end in ends:
                    done.append(end.result())
                    if progress is not None:
                        progress(len(done), len(ends))
            except BaseException:
                # A full disk or Ctrl-C: what is finished is in the journal, the rest need not start.
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        return done

    def _finish(self, item: ScanItem | Failure, journal: Journal) -> _Done | Failure:
        if isinstance(item, Failure):
            return item
        try:
            with one_photo(item.name):
                return self._finish_photo(item, journal)
        except (PhotoError, MissingExtraError) as error:
            return Failure(path=item.name, error=str(error))

    def _finish_photo(self, item: ScanItem, journal: Journal) -> _Done:
        key = f"{self._settings_key}:{item.sha256}:{item.stem}"
        overlay = self._output / OVERLAYS / overlay_name(item)
        if key in journal and (overlay.is_file() or not self._overlays):
            return _Done(item.name, key, reused=True)
        report = self._scanner.scan_item(item, overlay if self._overlays else None)
        journal.append(key, report_to_json(report))
        return _Done(item.name, key, reused=False)


def _file_name(stem: str) -> str:
    """A photo's name as a part of a file's name on any system, and of an address in a page."""
    name = _NOT_IN_NAMES.sub("_", stem)[:80]
    while len(name.encode()) > _NAME_BYTES:
        name = name[:-1]
    return name


def _outcomes(done: list[_Done | Failure], journal: Journal) -> Iterator[ScanOutcome]:
    for end in done:
        yield end if isinstance(end, Failure) else _read_back(end, journal)


def _scores(done: list[_Done | Failure], journal: Journal) -> Iterator[float]:
    for outcome in _outcomes(done, journal):
        if not isinstance(outcome, Failure):
            yield outcome.score


def _read_back(end: _Done, journal: Journal) -> ScanOutcome:
    try:
        with one_photo(end.name):
            return report_from_json(journal.read(end.key), end.name)
    except PhotoError as error:
        return Failure(path=end.name, error=str(error))


def scan_items(scanner: PhotoScanner, found: Iterable[Found], every_s: float) -> Iterator[ScanItem | Failure]:
    """What there is to scan in photos and videos: one item, or one for each frame."""
    for each in found:
        if isinstance(each, Failure):
            yield each
            continue
        path = Path(each)
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            yield scanner.photo_file(path)
            continue
        try:
            with one_photo(path):
                frames = video_frames(path, every_s)
            yield from frames
        except (PhotoError, MissingExtraError) as error:
            yield Failure(path=str(path), error=str(error))


def overlay_name(item: ScanItem) -> str:
    """What an item's overlay is called."""
    return f"{_file_name(item.stem)}-{item.sha256[:8]}.jpg"


def results_header(bundle: Bundle, settings: ScanSettings) -> dict[str, Any]:
    """What the numbers follow from: version, model and settings."""
    threshold = bundle.config.threshold.value if settings.threshold is None else settings.threshold
    chosen = asdict(replace(settings, threshold=threshold))
    return {
        "crackscope_version": __version__,
        "model": {"name": bundle.config.name, "sha256": bundle.identity},
        "settings": {name: value for name, value in chosen.items() if name not in _NOT_IN_RESULTS},
    }
