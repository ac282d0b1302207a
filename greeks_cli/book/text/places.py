"""Line numbers of settings and trades in TOML and JSON, for error messages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TRADE = "trade"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:\n]')


@dataclass
class TradePlace:
    """Line numbers of a trade and of its fields; ``line`` is None where no line was found."""

    line: int | None
    fields: dict[str, int] = field(default_factory=dict[str, int])


@dataclass
class Places:
    """Places of all trades in order, and line numbers of shared settings by (section, key)."""

    trades: list[TradePlace] = field(default_factory=list[TradePlace])
    settings: dict[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])


def toml_places(text: str) -> Places:
    """Line numbers of every ``[[trade]]``, and of the keys of each table."""
    places, table = Places(), ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([\w-]*)\s*\]", line):
            table = header[2]
            if header[1] == "[[" and table == _TRADE:
                places.trades.append(TradePlace(number))
        elif line.lstrip().startswith("["):
            table = "?"  # part of a trade, such as [trade.grid]
        elif key := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line):
            if table == _TRADE and places.trades:
                places.trades[-1].fields.setdefault(key[1], number)
            else:
                places.settings.setdefault((table, key[1]) if table else (key[1],), number)
    return places


def json_places(text: str) -> Places:
    """Line numbers in valid JSON: a list of trades, or an object with ``trade`` and the sections."""
    places = Places()
    for number, path, opens in _json_keys(text):
        inside = path[1:] if path[:1] == (_TRADE,) else path  # the path below "trade", or in a bare list
        if opens and inside == (0,):
            places.trades.append(TradePlace(number))
        elif len(inside) == 2 and inside[0] == 0 and places.trades:
            places.trades[-1].fields[str(inside[1])] = number
        elif not opens and 0 not in path:
            places.settings[tuple(map(str, path))] = number
    return places


def _json_keys(text: str) -> Iterator[tuple[int, tuple[str | int, ...], bool]]:
    """Line, path and False for every key; line, path and True for every object in a list. A list is 0 in a path."""
    path: list[str | int | None] = []
    number, word = 1, ""
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "\n":
                number += 1
            case "{" | "[" as bracket:
                if bracket == "{" and path and path[-1] == 0:
                    yield number, tuple(key for key in path if key is not None), True
                path.append(None if bracket == "{" else 0)
            case "}" | "]":
                path.pop()
            case ":":
                path[-1] = word
                yield number, tuple(key for key in path if key is not None), False
            case string:
                word = string[1:-1]
