"""Write docs/rest.md from the server's OpenAPI description: ``python docs/write_rest.py``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from crackscope.storage import write_text

TARGET = Path(__file__).parent / "rest.md"

HEAD = """# REST API

Written by `python docs/write_rest.py` from the server's own description, which a running server also gives at
`/openapi.json`, and to try out at `/docs`. Every answer from 400 on is
`{"error": {"code", "message", "details"}}`; [Run a server](serving.md#errors) lists the codes. A photo that
can't be used is a row with an error beside the others.
"""


def description() -> dict[str, Any]:
    """The OpenAPI description of a server with the shipped detector."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = create_app(ServeSettings(data_dir=Path(folder))).openapi()
        return found


def sections(document: dict[str, Any]) -> Iterator[str]:
    """A section for each method of each path."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"## {method.upper()} {path}\n\n{_text(operation)}{_table(operation, schemas)}"


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *sections(description())])


def _text(operation: dict[str, Any]) -> str:
    return " ".join((operation.get("description") or operation["summary"]).split()) + "\n"


def _table(operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    rows = [
        _row(
            f"`{one['name']}` ({one['in']})",
            one["schema"],
            one.get("description"),
            one.get("required", False),
        )
        for one in operation.get("parameters", [])
    ]
    for form, body in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(body["schema"], schemas)
        required = schema.get("required", [])
        rows += [
            _row(f"`{name}` ({form})", _resolved(one, schemas), one.get("description"), name in required)
            for name, one in schema.get("properties", {}).items()
        ]
    return "\n".join(["", "| | type | meaning |", "|---|---|---|", *rows, ""]) if rows else ""


def _row(name: str, schema: dict[str, Any], meaning: str | None, required: bool) -> str:
    words = [_kind(schema)]
    if required:
        words.append("required")
    elif schema.get("default") is not None:
        words.append(f"default `{schema['default']}`")
    text = " ".join((meaning or schema.get("description") or "").split())
    return f"| {name} | {', '.join(words)} | {text} |"


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    limits = [f"{sign} {_number(schema[key])}" for key, sign in _LIMITS.items() if key in schema]
    return " ".join([str(schema.get("type", "any")), *limits])


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found: dict[str, Any] = schemas[name] if name else schema
    return found


if __name__ == "__main__":
    write_text(TARGET, page())
