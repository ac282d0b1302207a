"""Manifest section of a report: how a book's results were computed."""

import shlex
from collections.abc import Mapping
from typing import Any

from greeks_cli.report.pages.markup import Markup, joined, tag

_SHOWN_ELSEWHERE = ("trades",)
"""Keys that the section leaves out: the page of a trade has the trade's key."""


def manifest_section(manifest: Mapping[str, Any] | None) -> Markup:
    """Section with the names and values of the manifest."""
    if manifest is None:
        body = tag("p", "None: results that greeks batch writes with -o have one beside them.")
    else:
        shown = {name.replace("_", " "): value for name, value in manifest.items() if name not in _SHOWN_ELSEWHERE}
        groups = {name: value for name, value in shown.items() if isinstance(value, Mapping)}
        body = joined(
            _list({name: value for name, value in shown.items() if name not in groups}),
            *(joined(tag("h3", name), _list(group)) for name, group in groups.items()),
        )
    return tag("section", tag("h2", "Manifest"), body, id="manifest")


def _list(values: Mapping[str, Any]) -> Markup:
    lines = ((tag("dt", name), tag("dd", tag("code", _text(name, value)))) for name, value in values.items())
    return tag("dl", *(part for line in lines for part in line))


def _text(name: str, value: object) -> str:
    if isinstance(value, list):
        parts = [str(part) for part in value]
        return shlex.join(parts) if name == "command" else ", ".join(parts)
    return "none" if value is None else str(value)
