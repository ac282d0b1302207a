"""``greeks completion``."""

from collections.abc import Iterable

import click
from click.shell_completion import get_completion_class

from greeks_cli.terms.greek import HESSIAN, NAMED


def greek_list(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions of the last Greek in a comma-separated list."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _beginning((*NAMED, HESSIAN, "all", "d(correlation)"), last)]


def one_greek(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions of a Greek."""
    return _beginning(NAMED, incomplete)


def tolerance(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions of a Greek and ``=``, before a tolerance."""
    return [f"{name}=" for name in _beginning(NAMED, incomplete)]


def axis(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions of a number of a contract or the market and ``=``, before its values."""
    from greeks_cli.terms.contracts.catalogue import CONTRACTS
    from greeks_cli.terms.fields import Term, numeric_fields
    from greeks_cli.terms.markets.market import Market

    models: list[type[Term]] = [Market, *CONTRACTS.values()]
    names = dict.fromkeys(name for model in models for name in numeric_fields(model))
    return [f"{name}=" for name in _beginning(names, incomplete)]


def explained(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completions of a Greek, a contract, a method or a topic."""
    from greeks_cli.explain.names import PLAIN
    from greeks_cli.terms.contracts.catalogue import CONTRACTS

    return _beginning((*PLAIN, *CONTRACTS), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell code that completes commands, options, their values and Greeks.

    \b
    bash: eval "$(greeks completion bash)"   in ~/.bashrc
    zsh:  eval "$(greeks completion zsh)"    in ~/.zshrc
    fish: greeks completion fish | source    in ~/.config/fish/config.fish
    """
    from greeks_cli.cli.main import COMPLETION, cli

    completion = get_completion_class(shell)
    assert completion is not None  # click has all three
    click.echo(completion(cli, {}, "greeks", COMPLETION).source())
