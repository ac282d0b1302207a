"""Groups of options that commands share, which become a Source or a Request."""

import functools
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import click
from click.core import ParameterSource

from greeks_cli.cli.bounded import Whole
from greeks_cli.cli.completion import greek_list
from greeks_cli.cli.field_options import FIELDS, FieldOption, Path, field_option
from greeks_cli.cli.messages import INFO, say
from greeks_cli.cli.sections import Section, option
from greeks_cli.inputs.source import Source
from greeks_cli.terms.greek import is_at_node
from greeks_cli.terms.markets.several import Several
from greeks_cli.terms.quote import GIVES
from greeks_cli.terms.request import DEFAULT_GREEKS, Request
from greeks_cli.terms.units import Units

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
        return function(_read_flags(ctx, values, source), **_own(ctx, values))

    return _config("[contract] [market] [simulation] [accuracy] [dates]")(_with_fields(with_source))


def _config(sections: str) -> Callable[[Command], Command]:
    """The option of a configuration file with some sections."""
    file = click.Path(path_type=pathlib.Path)
    return option("--config", section=Section.INPUT, type=file, help=f"TOML file with {sections}.")


def built(source: Source, shows_greeks: bool = True) -> Request:
    """The request of a source; Greeks that are left out are reported on stderr, if the command shows any."""
    return told(source.build(), shows_greeks)


def told(request: Request, shows_greeks: bool = True) -> Request:
    """The request, whose remarks, and Greeks that are left out, are reported on stderr."""
    for problem in request.left_out if shows_greeks else ():
        say(f"note: {problem.value} is left out: {problem.message}", INFO)
    for remark in request.remarks:
        say(f"note: {remark}", INFO)
    if shows_greeks and request.simulation.buckets and not any(map(is_at_node, request.greeks)):
        say("note: --buckets adds nothing: no Greek asked for is a derivative in a parameter with nodes", INFO)
    return request


units_option = option(
    "--units",
    section=Section.OUTPUT,
    type=click.Choice([str(unit) for unit in Units]),
    default="raw",
    show_default=True,
    help="Raw derivatives; market: per vol point, 1%, day of 365; desk: money per vol point, basis point, day, and "
    "cash delta and gamma.",
)

market_file_option = option(
    "--market",
    section=Section.INPUT,
    type=click.Path(path_type=pathlib.Path),
    help="File with settings for all trades: TOML, JSON, or CSV.",
)

threads_option = option(
    "--threads",
    section=Section.RUN,
    type=Whole(1, 1024),
    help="Threads; the numbers do not depend on it. [default: the cores available]",
)


scheduler_option = option(
    "--scheduler",
    section=Section.RUN,
    metavar="ADDRESS",
    help="Run on a Dask cluster: tcp://HOST:PORT, a scheduler file, or local. (extra: cluster)",
)


def shared_options(function: Command) -> Command:
    """Adds the options that apply to all trades of a book, which the function receives as a Source."""

    @functools.wraps(function)
    @click.pass_context
    def with_source(ctx: click.Context, /, **values: Any) -> Any:
        return function(_read_flags(ctx, values, Source()), **_own(ctx, values))

    return _with_fields(with_source, "required where a trade has none")


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
        return function(_read_flags(ctx, values, source), **_own(ctx, values))

    # The command has its own choice of models, none with a surface, and fits one underlying.
    left_out = {*GIVES, *Several.model_fields, "model", "vol_surface"}
    fields = [path for path in FIELDS if path[0] in ("market", "dates") and path[1] not in left_out]
    return _config("[market] [dates]")(_with_own_fields(fields, with_source, FITTED))


def _with_fields(command: Command, required: str = "required") -> Command:
    greeks = option(
        "--greeks",
        section=Section.OUTPUT,
        metavar="NAMES",
        help=f"Greeks by name, d(spot,vol) for any other, or all. [default: {_DEFAULT_NAMES}]",
        shell_complete=greek_list,
    )
    return _with_own_fields(FIELDS, greeks(command), required)


def _with_own_fields(paths: Iterable[Path], command: Command, required: str) -> Command:
    for path in reversed(list(paths)):
        name, made = field_option(path, FIELDS[path], required)
        command = click.option(name, cls=FieldOption, **made)(command)
    return command


def _own(ctx: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Values of the options that are not part of a request."""
    of_request = {"config", "greeks", *(one.name for one in ctx.command.params if isinstance(one, FieldOption))}
    return {name: value for name, value in values.items() if name not in of_request}


def _read_flags(ctx: click.Context, values: dict[str, Any], source: Source) -> Source:
    """The source with the values of flags and environment, which override those of its file."""
    for parameter in ctx.command.params:
        value = values.get(str(parameter.name))
        if value in (None, ()) or not (isinstance(parameter, FieldOption) or parameter.name == "greeks"):
            continue
        place = parameter.opts[0] if value is not False else parameter.secondary_opts[0]
        if ctx.get_parameter_source(str(parameter.name)) is ParameterSource.ENVIRONMENT:
            place = f"${ctx.auto_envvar_prefix}_{str(parameter.name).upper()}"
        if isinstance(parameter, FieldOption):
            source.set(*parameter.path, value, place)
        else:
            source.greeks, source.places[("greeks",)] = value, place
    return source
