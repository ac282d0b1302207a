"""Options made from the models of a request, so that flags, config keys and help cannot differ."""

import enum
import functools
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from click.core import ParameterSource
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from greeks_cli.cli.bounded import Whole
from greeks_cli.cli.completion import greek_list, tolerance
from greeks_cli.cli.messages import say
from greeks_cli.inputs.source import Source, flag
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.dating import Dating
from greeks_cli.terms.greek import Units, is_at_node
from greeks_cli.terms.market import Market
from greeks_cli.terms.quote import GIVES, Quote
from greeks_cli.terms.request import DEFAULT_GREEKS, Request
from greeks_cli.terms.several import Several
from greeks_cli.terms.simulation import Simulation
from greeks_cli.terms.vol_surface import VolSurface

Command = Callable[..., Any]
_DEFAULT_NAMES = ",".join(greek.name for greek in DEFAULT_GREEKS[1:])


FITTED = "fitted where it is left out"


def request_options(function: Command) -> Command:
    """Adds all options of a Request, which the function receives as its first argument.

    A command with an option ``whole_grid`` receives None when that is set.
    """

    @functools.wraps(function)
    def with_request(source: Source, /, **own: Any) -> Any:
        return function(None if own.get("whole_grid") else built(source), **own)

    return source_options(with_request)


def source_options(function: Command) -> Command:
    """Adds all options of a Request; the function receives a Source of flags, environment and configuration file."""

    @functools.wraps(function)
    @click.pass_context
    def with_source(ctx: click.Context, /, **values: Any) -> Any:
        source = Source()
        if values.get("config") and not values.get("whole_grid"):
            source.read_toml(values["config"])
        return function(_read_flags(ctx, values, source), **_own(values))

    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="TOML file with [contract] [market] [simulation] [accuracy] [dates].",
    )
    return config(_with_fields(_FIELDS, with_source))


def built(source: Source, shows_greeks: bool = True) -> Request:
    """The request of a source; Greeks that are left out are reported on stderr, if the command shows any."""
    request = source.build()
    for problem in request.left_out if shows_greeks else ():
        say(f"note: {problem.value} is left out: {problem.message}")
    for remark in request.remarks:
        say(f"note: {remark}")
    if shows_greeks and request.simulation.buckets and not any(map(is_at_node, request.greeks)):
        say("note: --buckets adds nothing: no Greek asked for is a derivative in a parameter with nodes")
    return request


units_option = click.option(
    "--units",
    type=click.Choice([str(unit) for unit in Units]),
    default="raw",
    show_default=True,
    help="Raw derivatives, or market: per vol point, per 1%, per day of 365.",
)

threads_option = click.option(
    "--threads",
    type=Whole(1, 1024),
    help="Threads; the numbers do not depend on it. [default: the cores available]",
)


scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on a Dask cluster: tcp://HOST:PORT, a scheduler file, or local. (extra: cluster)",
)


def shared_options(function: Command) -> Command:
    """Adds the options that apply to all trades of a book, which the function receives as a Source."""

    @functools.wraps(function)
    @click.pass_context
    def with_source(ctx: click.Context, /, **values: Any) -> Any:
        return function(_read_flags(ctx, values, Source()), **_own(values))

    shared = {path: info for path, info in _FIELDS.items() if path[0] != "contract"}
    return _with_fields(shared, with_source, "required where a trade has none")


def market_options(function: Command) -> Command:
    """Adds the options of dates and of a market that is fitted, which the function receives as a Source.

    The command has an option ``--model`` besides.
    """

    @functools.wraps(function)
    @click.pass_context
    def with_source(ctx: click.Context, /, **values: Any) -> Any:
        source = Source()
        if values.get("config"):
            source.read_toml(values["config"])
        return function(_read_flags(ctx, values, source), **_own(values))

    left_out = {*GIVES, "model", "vol_surface"}  # the command has its own choice of models, none with a surface
    fields = {
        path: info for path, info in _FIELDS.items() if path[0] in ("market", "dates") and path[1] not in left_out
    }
    config = click.option("--config", type=click.Path(path_type=Path), help="TOML file with [market] [dates].")
    return config(_with_own_fields(fields, with_source, FITTED))


def _with_fields(fields: Mapping[tuple[str, str], FieldInfo], command: Command, required: str = "required") -> Command:
    greeks = click.option(
        "--greeks",
        metavar="NAMES",
        help=f"Greeks by name, d(spot,vol) for any other, or all. [default: {_DEFAULT_NAMES}]",
        shell_complete=greek_list,
    )
    return _with_own_fields(fields, greeks(command), required)


def _with_own_fields(fields: Mapping[tuple[str, str], FieldInfo], command: Command, required: str) -> Command:
    for option in reversed([_option(path, info, required) for path, info in fields.items()]):
        command = option(command)
    return command


def _fields() -> dict[tuple[str, str], FieldInfo]:
    """Fields of all models, by (section, name); contracts with a field of the same name share its option."""
    models: list[tuple[str, type[BaseModel]]] = [("contract", model) for model in CONTRACTS.values()]
    models += [("market", Market), ("market", Several), ("market", Quote), ("simulation", Simulation)]
    models += [("accuracy", Accuracy), ("dates", Dating)]
    return {(section, name): info for section, model in models for name, info in model.model_fields.items()}


_FIELDS = _fields()
_FLAGS = {path: flag(path) for path in _FIELDS}
_FIELD_OF_OPTION = {name.lstrip("-").replace("-", "_"): path for path, name in _FLAGS.items()}
_REQUEST_OPTIONS = {*_FIELD_OF_OPTION, "config", "greeks"}


_REPEATED = {
    ("contract", "param"): "NAME=VALUE",
    ("market", "underlying"): "NAME:KEY=VALUE,...",
    ("market", "correlation"): "A,B=NUMBER",
}
"""The options that may be given several times, and the form of their values."""


def _option(path: tuple[str, str], info: FieldInfo, required: str) -> Callable[[Command], Command]:
    if path == ("contract", "kind"):
        choices: list[str] | None = list(CONTRACTS)
        text, default = "contract to price", "default: european"
    else:
        choices = _choices(info.annotation)
        needed = (
            f"{required} without --market-price" if path == ("market", "vol") and required == "required" else required
        )
        text, default = info.description or "", _default(info, needed)
    shown = f"{text[:1].upper()}{text[1:]}.{default and f' [{default}]'}"
    name = _FLAGS[path]
    if info.annotation is bool:
        return click.option(f"{name}/--no-{name[2:]}", default=None, help=shown)
    if path == ("accuracy", "tol"):
        return click.option(name, metavar="GREEK=ERROR", multiple=True, help=shown, shell_complete=tolerance)
    if path in _REPEATED:
        return click.option(name, metavar=_REPEATED[path], multiple=True, help=shown)
    if choices:
        return click.option(name, type=click.Choice(choices), help=shown)
    return click.option(name, metavar=_metavar(info.annotation), help=shown)


def _choices(annotation: object) -> list[str] | None:
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [str(member.value) for member in annotation]
    return None


def _metavar(annotation: object) -> str:
    """FILE for a surface of vols, VALUE where the annotation allows text, else COUNT or NUMBER."""
    members = {annotation, *get_args(annotation)}
    if VolSurface in members:
        return "FILE"
    if date in members:
        return "DATE"
    if str in members or Literal in {get_origin(member) for member in members}:
        return "VALUE"
    return "COUNT" if int in members else "NUMBER"


def _default(info: FieldInfo, required: str) -> str:
    if info.default is False or info.default in ((), {}):
        return ""
    if info.default is PydanticUndefined:
        return required
    shown = f"{info.default:g}" if isinstance(info.default, float) else info.default
    return "" if shown is None else f"default: {shown}"


def _own(values: dict[str, Any]) -> dict[str, Any]:
    """Values of the options that are not part of a request."""
    return {name: value for name, value in values.items() if name not in _REQUEST_OPTIONS}


def _read_flags(ctx: click.Context, values: dict[str, Any], source: Source) -> Source:
    """The source with the values of flags and environment, which override those of its file."""
    for option in ctx.command.params:
        value = values.get(str(option.name))
        if value in (None, ()) or option.name not in _REQUEST_OPTIONS - {"config"}:
            continue
        place = option.opts[0] if value is not False else option.secondary_opts[0]
        if ctx.get_parameter_source(str(option.name)) is ParameterSource.ENVIRONMENT:
            place = f"${ctx.auto_envvar_prefix}_{str(option.name).upper()}"
        if option.name == "greeks":
            source.greeks, source.places[("greeks",)] = value, place
        else:
            section, field = _FIELD_OF_OPTION[option.name]
            source.set(section, field, value, place)
    return source
