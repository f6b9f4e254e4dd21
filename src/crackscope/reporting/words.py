"""The words, numbers and dates of a report: one TOML file per language, locales from Babel."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from crackscope.errors import SettingsError
from crackscope.labels import shown_score

LANGUAGES = ("en", "de")


class Words:
    """The strings of one language: ``words("fact.camera")``, with ``{placeholders}`` filled in by name.

    Args:
        language: One of `LANGUAGES`.
        zone: IANA name of the zone of all times; ``None`` is this machine's.

    Raises:
        SettingsError: There is no such language or zone.
    """

    def __init__(self, language: str, zone: str | None = None) -> None:
        if language not in LANGUAGES:
            raise SettingsError(f"the language is {language!r}; expected one of {', '.join(LANGUAGES)}")
        self.language, self._zone = language, _zone(zone)
        self.strings = read_strings(language)
        self._locale = Locale.parse(self.strings["locale"])

    def __call__(self, key: str, /, **values: object) -> str:
        """The string of this key; numbers among the values are written in the language's manner."""
        shown = {
            name: self.number(value) if isinstance(value, int | float) else value
            for name, value in values.items()
        }
        return self.strings[key].format(**shown)

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number with the language's separators; whole numbers without decimals."""
        if decimals is None:
            return str(format_decimal(value, locale=self._locale))
        return str(format_decimal(value, format=f"#,##0.{'0' * decimals}".rstrip("."), locale=self._locale))

    def score(self, value: float | None) -> str:
        """A score or threshold; a dash where there is none, and no certainty that it is not."""
        return "–" if value is None else self.number(shown_score(value), 3)

    def percent(self, share: float, decimals: int = 1) -> str:
        """A share 0..1 as a percentage."""
        zeros = "0" * decimals
        pattern = f"#,##0.{zeros}" if zeros else "#,##0"
        # The locale's own pattern knows whether a blank stands before the sign.
        sign = str(self._locale.percent_formats[None].pattern).lstrip("#,0")
        return str(format_percent(share, format=pattern + sign, locale=self._locale))

    def date(self, day: date) -> str:
        """A day, such as 22 November 2026."""
        return str(format_date(day, "long", locale=self._locale))

    def moment(self, when: datetime) -> str:
        """A time in the report's zone, to the minute, with the zone."""
        local = self.local(when)
        text = format_datetime(local.replace(tzinfo=None), self._pattern, locale=self._locale)
        return f"{text} {_offset(local)}"

    def local(self, when: datetime) -> datetime:
        """A time in the report's zone."""
        return when.astimezone(self._zone)

    @property
    def zone_name(self) -> str:
        """The zone of the times."""
        return _offset(datetime.now(UTC).astimezone()) if self._zone is None else str(self._zone)

    def taken(self, text: str | None) -> str:
        """The camera's own time, ISO 8601, as it stands: its zone is rarely known. A dash where none."""
        if not text:
            return "–"
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            return text
        return str(format_datetime(when.replace(tzinfo=None), self._pattern, locale=self._locale))

    @property
    def _pattern(self) -> str:
        return self.strings["date_time"]


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"the time zone is {name!r}; expected a name such as Europe/Zurich") from None


def _offset(local: datetime) -> str:
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def read_strings(language: str) -> dict[str, str]:
    """A language's strings under dotted keys."""
    text = (files("crackscope.reporting") / "languages" / f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text), ""))


def _flat(table: dict[str, Any], before: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in table.items():
        pairs += _flat(value, f"{before}{name}.") if isinstance(value, dict) else [(before + name, value)]
    return pairs
