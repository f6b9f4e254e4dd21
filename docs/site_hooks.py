"""What MkDocs does with pages before it renders them, see ``hooks`` in mkdocs.yml."""

from __future__ import annotations

import re
from typing import Any

#: A link that leaves docs/, such as [results](../studies/RESULTS.md#cells).
_LEAVING = re.compile(r"\[([^\]]+)\]\(\.\./([^)#\s]+)(?:#[^)\s]*)?\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Name files of the repository that are no page of the site, instead of leading nowhere."""
    return _LEAVING.sub(lambda link: f"{link[1]} (`{link[2]}`)", markdown)


#: What Material would fetch from a CDN to search pages opened from the disk; a copy lies in docs/assets.
_SHIM = re.compile(r"https://unpkg\.com/iframe-worker/shim")


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Take the copy in the site instead of the one on another host."""
    return _SHIM.sub("../" * page.url.count("/") + "assets/iframe-worker-shim.js", output)


def on_post_template(output_content: str, **_: Any) -> str:
    """The same on the page of what is not found."""
    return _SHIM.sub("/assets/iframe-worker-shim.js", output_content)
