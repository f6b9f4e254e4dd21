from __future__ import annotations

import re
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import crackscope.reporting
from crackscope.errors import SettingsError
from crackscope.reporting.words import LANGUAGES, Words, read_strings

ROOM = Path(crackscope.reporting.__file__).parent
ENGLISH = read_strings("en")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_strings_with_the_same_placeholders(language: str) -> None:
    strings = read_strings(language)
    assert strings.keys() == ENGLISH.keys()
    assert {k: _placeholders(v) for k, v in strings.items()} == {
        k: _placeholders(v) for k, v in ENGLISH.items()
    }
    assert [key for key, text in strings.items() if not text.strip()] == []


def test_every_string_that_is_asked_for_exists_and_every_string_is_asked_for() -> None:
    sources = [*ROOM.glob("*.py"), *ROOM.glob("templates/*.jinja")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r"""words\(\s*["']([a-z_0-9.]+)["'][,)]""", text))
    assert asked - ENGLISH.keys() == set()
    # Keys that are put together: words(f"limit.{name}"), words("section." ~ name).
    parts = tuple(re.findall(r"""words\(f?["']([a-z_]+\.[a-z_]*)(?:\{|["'] ~)""", text))
    quoted = set(re.findall(r"""["']([a-z_0-9]+(?:\.[a-zA-Z_0-9]+)*)["']""", text))
    unused = [key for key in ENGLISH if key not in quoted and not key.startswith(parts)]
    assert unused == []


def test_numbers_and_dates_follow_the_language() -> None:
    english, german = Words("en"), Words("de")
    assert (english.number(1234567), german.number(1234567)) == ("1,234,567", "1.234.567")
    assert (english.score(0.5), german.score(0.5)) == ("0.500", "0,500")
    assert (english.percent(0.256), german.percent(0.256)) == ("25.6%", "25,6\xa0%")
    assert english.percent(0.5, 0) == "50%"
    day = date(2026, 11, 2)
    assert (english.date(day), german.date(day)) == ("2 November 2026", "2. November 2026")
    when = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    assert english.moment(when) == "2 Nov 2026, 09:05 UTC"
    assert german.moment(when) == "02.11.2026, 09:05 UTC"


def test_the_camera_s_time_is_shown_as_the_camera_wrote_it() -> None:
    assert Words("en").taken("2026-11-02T23:30:00+05:00") == "2 Nov 2026, 23:30"
    assert Words("en").taken("long ago") == "long ago"
    assert Words("en").taken(None) == "–"


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"'fr'.*en, de"):
        Words("fr")
