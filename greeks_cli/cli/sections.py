"""Pages of help: options in sections, and those alone that a contract or a model has."""

import enum
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import click


class Section(enum.StrEnum):
    """Headings of a page of help, in order."""

    INPUT = "Input"
    CONTRACT = "Contract"
    MARKET = "Market"
    MODEL = "Model"
    DATES = "Dates"
    SIMULATION = "Simulation"
    ACCURACY = "Accuracy"
    OUTPUT = "Output"
    RUN = "Run"


class SectionedOption(click.Option):
    """An option that knows its section."""

    def __init__(self, *args: Any, section: Section, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section

    def make_metavar(self, ctx: click.Context) -> str:
        name = next((name for kind, name in _METAVARS.items() if isinstance(self.type, kind)), None)
        return self.metavar or name or super().make_metavar(ctx)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace("  [", " ["))

    def get_help_extra(self, ctx: click.Context) -> Any:
        return {name: text for name, text in super().get_help_extra(ctx).items() if name != "range"}

    def applies(self, contract: str | None, model: str | None) -> bool:
        """True if the option belongs on a page for a contract and a model, which are None where none is asked for."""
        return True


def option(*names: str, section: Section, **attributes: Any) -> Callable[[Any], Any]:
    """The decorator ``click.option`` for an option in a section."""
    return click.option(*names, cls=SectionedOption, section=section, **attributes)


class Page(click.HelpFormatter):
    """A page of help whose sections share the width of their left column, and whose names are not hyphenated."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 26, col_spacing: int = 2) -> None:
        indent = " " * self.current_indent
        for term, meaning in rows:
            lines = textwrap.wrap(meaning, self.width - len(indent) - col_max, break_on_hyphens=False)
            fits = len(term) <= col_max - col_spacing
            first = lines.pop(0) if fits and lines else ""
            self.write(f"{indent}{term:{col_max if first else 0}}{first}\n")
            self.write("".join(f"{indent}{'':{col_max}}{line}\n" for line in lines))


_METAVARS: dict[type[click.ParamType[Any]], str] = {
    click.IntRange: "COUNT",
    click.FloatRange: "NUMBER",
    click.Path: "FILE",
    click.types.StringParamType: "NAME",
}
_ASKED = "greeks.asked"
"""The key of the contract and the model that a page of help is for."""
_CHOICES = ("contract", "model")


class Command(click.Command):
    """A command whose page of help has a section for each kind of option.

    ``--help`` beside ``--contract NAME`` or ``--model NAME`` shows the options of that contract or model.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        if not {"-h", "--help"}.isdisjoint(given):
            ctx.meta[_ASKED] = self._asked(ctx, given)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError:
            if name := self._bare_contract(ctx, given):
                raise click.UsageError(f"{name}: is no option; write --contract {name}", ctx) from None
            raise

    def _asked(self, ctx: click.Context, args: list[str]) -> dict[str, str]:
        """The contract and the model that a command line names."""
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        chosen = {param.name: param for param in self.params if param.name in _CHOICES and given.get(param.name)}
        bare = self._bare_contract(ctx, args)
        named = {name: param.type_cast_value(ctx, given[name]) for name, param in chosen.items()}
        return {"contract": bare, **named} if bare else named

    def _bare_contract(self, ctx: click.Context, args: list[str]) -> str | None:
        """The name of a contract that is given without an option; None for a command without contracts."""
        kinds = next((getattr(param.type, "choices", ()) for param in self.params if param.name == "contract"), ())
        _, rest, _ = self.make_parser(ctx).parse_args(list(args))
        return next((word for word in rest[:1] if word in kinds), None)

    def get_help(self, ctx: click.Context) -> str:
        ctx.formatter_class = Page
        return super().get_help(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        contract, model = asked_for(ctx)
        rows: dict[Section, list[tuple[str, str]]] = {section: [] for section in Section}
        for param in self.get_params(ctx):
            if isinstance(param, click.Argument):  # told in the text above the sections
                continue
            if isinstance(param, SectionedOption) and not param.applies(contract, model):
                continue
            if record := param.get_help_record(ctx):
                rows[getattr(param, "section", Section.RUN)].append(record)
        if rows[Section.CONTRACT] and contract is None:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(f"{ctx.command_path} --contract asian --help shows what applies to one contract.")
        for section, shown in rows.items():
            if shown:
                with formatter.section(section):
                    formatter.write_dl(shown)


def asked_for(ctx: click.Context) -> tuple[str | None, str | None]:
    """The contract and the model that a page of help is for; None where the command line names none."""
    asked = ctx.meta.get(_ASKED, {})
    return asked.get("contract"), asked.get("model")
