"""Sources of a request: a TOML file or typed terms, then the environment, flags or keywords; later ones win."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greeks_cli.book.market_files.curves import with_curves
from greeks_cli.terms.books.settings import check_shared, displaced_by
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.markets.several import UNDERLYING
from greeks_cli.terms.request import DEFAULT_GREEKS, SECTIONS, Request
from greeks_cli.terms.underlyings import CORRELATION
from greeks_cli.terms.unsolved import build_from_quote
from greeks_cli.terms.validation import validated


def flag(path: tuple[str, ...]) -> str:
    """The option that sets a field of the request."""
    if path == ("contract", "kind"):
        return "--contract"
    return f"--{path[-1].replace('_', '-')}" if len(path) > 1 or path == ("greeks",) else f"[{path[0]}]"


@dataclass
class Source:
    """Settings by section, and the place of each setting for error messages."""

    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    greeks: object = DEFAULT_GREEKS
    places: dict[tuple[str, ...], str] = field(default_factory=dict)
    name_of: Callable[[tuple[str, ...]], str] = flag
    """The name by which the user sets a field of the request."""
    _earlier: set[tuple[str, str]] = field(default_factory=set)
    """Fields of a file or of typed terms, which give way to later settings that exclude them."""

    def read_toml(self, path: Path) -> None:
        """Read all settings of a configuration file. Raises InvalidInput."""
        for name, value in _parsed(path).items():
            if name == "greeks":
                self.greeks = value
                self.places[("greeks",)] = f"{path}: greeks"
            elif name == "valuation_date":
                self.sections["dates"][name] = value
                self.places[("dates", name)] = f"{path}: {name}"
            elif name in (UNDERLYING, CORRELATION):
                self.sections["market"].update(with_curves({name: _table_of(path, name, value)}, str(path)))
                self.places |= _places_of_tables(path, name, value)
            elif name not in SECTIONS:
                remedy = did_you_mean(name, [*SECTIONS, UNDERLYING, CORRELATION, "greeks", "valuation_date"])
                raise InvalidInput([Problem((f"{path}: {name}",), f"unknown section; {remedy}")])
            elif not isinstance(value, Mapping):
                raise InvalidInput([Problem((f"{path}: {name}",), f"a table is wanted: write [{name}]", value)])
            else:
                self.sections[name].update(with_curves(value, str(path)) if name == "market" else value)
                self.places |= {(name, key): f"{path}: [{name}] {key}" for key in value}
        self._note_earlier()

    def take(self, section: str, fields: Mapping[str, Any]) -> None:
        """Take the fields of a typed term, such as a contract."""
        self.sections[section].update(fields)
        self.places |= {(section, key): f"{section}: {key}" for key in fields}
        self._note_earlier()

    def _note_earlier(self) -> None:
        self._earlier |= {(section, key) for section, fields in self.sections.items() for key in fields}

    def set(self, section: str, key: str, value: object, place: str) -> None:
        """Set the value of a flag, and remove a value of the file that excludes it."""
        for other in displaced_by(key, value, self.sections[section]):
            if (section, other) in self._earlier and other in self.sections[section]:
                del self.sections[section][other]
        self._earlier.discard((section, key))
        self.sections[section] |= with_curves({key: value}, "") if section == "market" else {key: value}
        self.places[(section, key)] = place

    def build(self) -> Request:
        """The request. Raises InvalidInput; its problems name their places."""
        with self.placed():
            found = build_from_quote(**self.sections, greeks=self.greeks)
            if isinstance(found, Request):
                return found
            from greeks_cli.run.quotes import solved_request

            return solved_request(found)

    def validate(self) -> None:
        """Raise InvalidInput, naming places, for settings that are wrong whatever the contract."""
        with self.placed():
            check_shared(self.sections, self.greeks)

    def dating(self) -> Dating:
        """The day of valuation and the conventions of dates. Raises InvalidInput."""
        problems: list[Problem] = []
        with self.placed():
            found = validated(Dating, "dates", self.sections["dates"], problems)
            if found is None:
                raise InvalidInput(problems)
        return found

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Names the place of every problem with a setting."""
        try:
            yield
        except InvalidInput as error:
            raise InvalidInput([self._placed(problem) for problem in error.problems]) from None

    def place(self, path: tuple[str, ...]) -> str:
        """The place where a field of the request was set, or the name by which it would be set."""
        found = (self.places[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.places)
        return next(found, None) or self.name_of(path)

    def _placed(self, problem: Problem) -> Problem:
        path = tuple(map(str, problem.path))
        if path[0] not in (*SECTIONS, "greeks"):
            return problem
        return Problem((self.place(path),), problem.message, problem.value, problem.detail)


def _table_of(path: Path, name: str, value: object) -> object:
    """The value of several underlyings; a correlation may be one number or a file. Raises InvalidInput."""
    is_table = isinstance(value, Mapping) and (
        name != UNDERLYING or all(isinstance(v, Mapping) for v in value.values())
    )
    if is_table or name == CORRELATION:
        return value
    message = "a table for each underlying is wanted: write [underlying.A]"
    raise InvalidInput([Problem((f"{path}: {name}",), message, value)])


def _places_of_tables(path: Path, name: str, value: object) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {("market", name): f"{path}: [{name}]"}
    if isinstance(value, Mapping):
        found |= {("market", name, key): f"{path}: [{name}.{key}]" for key in value if name == UNDERLYING}
    return found


def _parsed(path: Path) -> dict[str, Any]:
    from greeks_cli.book.text.toml import document_of

    try:
        if path.is_fifo() and not str(path).startswith("/dev/fd/"):  # a named pipe may have no writer
            raise InvalidInput([Problem((str(path),), "is a pipe; give the path of a TOML file")])
        return document_of(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        reason = f"{error.strerror or error}; give the path of a TOML file"
    except UnicodeDecodeError:
        reason = "not a text file; give a TOML file in UTF-8"
    except RecursionError:
        reason = "nested too deeply"
    raise InvalidInput([Problem((str(path),), reason)])
