"""HTML without injection, by construction: text that is not Markup is escaped."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files


class Markup(str):
    """Text that is HTML; every other text is data."""

    __slots__ = ()


_VOID = ("link", "meta")

Child = str | None
Attribute = str | float | bool | None


def tag(element: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. Children that are None and attributes that are None or False are left out.

    A trailing underscore avoids Python's keywords (``class_``); other underscores become hyphens.
    """
    shown = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    return Markup(f"<{element}{shown}>{'' if element in _VOID else f'{joined(*children)}</{element}>'}")


def joined(*children: Child, by: str = "") -> Markup:
    """Children as one text, escaped unless they are Markup."""
    return Markup(by.join(_escaped(child) for child in children if child is not None))


def document(title: str, *body: Child) -> Markup:
    """HTML page with a content security policy: the package's style and script, and nothing loaded from elsewhere."""
    style, script = _file("report.css"), _file("report.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),  # without it, browsers ask the server for an icon
        tag("style", Markup(style)),
    )
    page = tag("html", head, tag("body", *body, tag("script", Markup(script))), lang="en")
    return Markup(f"<!DOCTYPE html>\n{page}\n")


def _attribute(key: str, value: Attribute) -> str:
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def _escaped(child: str) -> str:
    return child if isinstance(child, Markup) else escape(child)


@cache
def _file(name: str) -> str:
    return files("greeks_cli.report.pages").joinpath("web", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
