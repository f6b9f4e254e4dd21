"""Write a report: the file's ending chooses the form."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from crackscope.errors import SettingsError
from crackscope.extras import needs_extra
from crackscope.reporting.printable import printable
from crackscope.reporting.records import Report
from crackscope.reporting.words import Words
from crackscope.storage import atomic_path


class Form(StrEnum):
    """How a report is written; the value is the file's ending."""

    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    DOCX = "docx"


def form_of(target: Path) -> Form:
    """The form that a file's ending names.

    Raises:
        SettingsError: It names none.
    """
    ending = target.suffix.lower().lstrip(".")
    try:
        return Form("html" if ending == "htm" else ending)
    except ValueError:
        raise SettingsError(
            f"{target.name} has no ending that names a report; expected .html, .pdf, .docx or .xlsx"
        ) from None


def write_report(target: Path, report: Report, *, language: str = "en") -> None:
    """Write the report whole or not at all.

    Raises:
        SettingsError: The ending, the language or the time zone is unknown.
        OutputError: The file can't be written.
        MissingExtraError: The extra ``report`` is not installed.
    """
    write, words = _writer(form_of(target)), Words(language, report.zone)
    with atomic_path(target) as temporary:
        write(temporary, printable(report), words)


def _writer(form: Form) -> Callable[[Path, Report, Words], None]:
    # Each form needs another package; none is loaded before it is needed.
    with needs_extra("report"):
        if form is Form.HTML:
            from crackscope.reporting.html import write_html

            return write_html
        if form is Form.PDF:
            from crackscope.reporting.pdf import write_pdf

            return write_pdf
        if form is Form.DOCX:
            from crackscope.reporting.word import write_word

            return write_word
        from crackscope.reporting.excel import write_excel

        return write_excel
