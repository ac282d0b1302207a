"""The ``greeks`` command: finds the subcommand, and turns every ending into an exit code."""

import contextlib
import gc
import importlib
import os
import signal
import sys
import types
from collections.abc import Sequence
from typing import NoReturn

import click
from click.core import ParameterSource

from greeks_cli import __version__
from greeks_cli.cli.messages import say, speak
from greeks_cli.terms.errors import ExitCode, GreeksError, did_you_mean

COMMANDS = {
    "price": "Price a contract and its Greeks by Monte Carlo.",
    "batch": "Price a book of trades from files, results into a file.",
    "serve": "Answer trades line by line, as a pipe that stays.",
    "explain-pnl": "Explain a book's change in value by yesterday's Greeks.",
    "report": "Show a book or its results as one HTML page.",
    "check": "Check every Greek by every method that applies.",
    "converge": "Show error against paths, and bias against width.",
    "profile": "Show Greeks along one parameter, or over two.",
    "calibrate": "Fit a model of smiles to quotes, and write its market.",
    "explain": "Explain a Greek, contract, option, model, method or convention.",
    "graph": "Show the Chainer graph of the price or a Greek.",
    "init": "Write a commented template of a book.",
    "schema": "Print the JSON Schema of a book.",
    "completion": "Make bash, zsh or fish complete commands and options.",
    "bench": "Time three workloads on this machine.",
    "doctor": "Print versions, interpreter, threads and GPU.",
}
"""Every command with its line of help; the module of the same name is imported when it runs."""


class Commands(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"greeks_cli.cli.{name.replace('-', '_')}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"{args[0]}: unknown command; {did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GREEKS"})
@click.version_option(__version__, prog_name="greeks")
def cli() -> None:
    """Monte Carlo option prices and Greeks up to fourth order, each with its error bar.

    Derivatives are computed path by path, by Chainer's double backpropagation.

    \b
    greeks price --strike 100 --vol 0.2
    greeks price --strike 100 --vol 0.2 --type put --greeks all --format json
    """


COMPLETION = "_GREEKS_COMPLETE"
"""The environment variable that the shell sets when it asks for completions."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    gc.disable()  # until a run begins: what is loaded until then is no garbage
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's, which spin while NumPy is imported; a run has its own
    _without_plugins()
    code = _run(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C changes nothing any more
    sys.exit(code)


def _without_plugins() -> None:
    """Stands in for Pydantic's search for plugins, which reads the metadata of all packages, and finds none."""
    loader = types.ModuleType("pydantic.plugin._loader")
    loader.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules.setdefault(loader.__name__, loader)


def _run(arguments: Sequence[str] | None) -> int:
    speak("text")
    if sys.stderr is None:  # closed by the caller, as in `greeks ... 2>&-`
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        return _say("cannot write the answer: standard output is closed", ExitCode.FAILURE)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # an old locale is no reason to lose an answer
    try:
        if COMPLETION in os.environ:
            from click.shell_completion import shell_complete

            return shell_complete(cli, {}, "greeks", COMPLETION, os.environ[COMPLETION])
        # Not cli.main(): it prints errors in several lines, and chooses other exit codes.
        with cli.make_context("greeks", list(sys.argv[1:] if arguments is None else arguments)) as ctx:
            code = cli.invoke(ctx)
        sys.stdout.flush()
        return int(code or ExitCode.OK)
    except click.exceptions.Exit as ending:
        return _flushed(ending.exit_code)
    except (KeyboardInterrupt, click.Abort) as ending:
        return _say(str(ending) or "interrupted", ExitCode.INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.NoSuchOption as error:
        remedy = did_you_mean(error.option_name, error.possibilities or ["--help"])
        return _say(f"{error.option_name}: no such option; {remedy}", ExitCode.USAGE)
    except click.ClickException as error:
        return _say(_one_line(error), ExitCode.USAGE)
    except GreeksError as error:
        return _say(str(error), error.exit_code)
    except MemoryError:
        return _say("out of memory; use fewer --threads, --steps or dates", ExitCode.FAILURE)
    except OSError as error:
        return _unwritable(error)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError as error:
        return _unwritable(error)
    return code


def _unwritable(error: OSError) -> int:
    """The exit code where stdout cannot be written; OK where its reader, such as `head`, has closed it."""
    with contextlib.suppress(OSError, ValueError):
        # Buffered output would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return ExitCode.OK
    return _say(f"cannot write the answer: {error.strerror or error}", ExitCode.FAILURE)


def _one_line(error: click.ClickException) -> str:
    if not isinstance(error, click.BadParameter) or error.param is None or not error.message:
        return " ".join(error.format_message().split())
    place = error.param.opts[0] if error.param.opts else str(error.param.name)
    if error.ctx and error.ctx.get_parameter_source(str(error.param.name)) is ParameterSource.ENVIRONMENT:
        place = f"${error.ctx.auto_envvar_prefix}_{str(error.param.name).upper()}"
    return f"{place}: {error.message.rstrip('.')}"


def _say(message: str, code: ExitCode) -> ExitCode:
    say(message)
    return code
