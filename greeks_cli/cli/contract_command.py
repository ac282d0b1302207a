"""Commands on one contract, whose options depend on its kind."""

import os
from collections.abc import Iterable
from typing import Any

import click

from greeks_cli.cli.field_options import FieldOption, contract_fields, field_option
from greeks_cli.cli.sections import Command
from greeks_cli.inputs.source import flag
from greeks_cli.terms.contracts.catalogue import CONTRACTS, DEFAULT_CONTRACT


class ContractCommand(Command):
    """A command on a contract of any kind.

    The options of contracts other than the default one are made for a command line that needs them.
    """

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._others = self.params
        self._add_options([DEFAULT_CONTRACT])

    def _add_options(self, kinds: Iterable[str]) -> None:
        made = (field_option(path, models) for path, models in contract_fields(kinds).items())
        self.params = [*(FieldOption([name], **attributes) for name, attributes in made), *self._others]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing or not self._suffices(ctx, args):
            self._add_options(CONTRACTS)
        return super().parse_args(ctx, args)

    def _suffices(self, ctx: click.Context, args: list[str]) -> bool:
        """True if the options that are made are all that the command line and the environment give."""
        known = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        known.remove(flag(("contract", "kind")))
        named = {word.partition("=")[0] for word in args if word.startswith("-") and not _is_number(word)}
        prefix = f"{ctx.auto_envvar_prefix}_"
        named |= {flag(("", name.removeprefix(prefix).lower())) for name in os.environ if name.startswith(prefix)}
        return named <= known


def _is_number(word: str) -> bool:
    return word[1:2].isdigit() or word[1:2] == "."
