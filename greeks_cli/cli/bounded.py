"""Numbers of options that are not fields of a request: written in the digits 0 to 9."""

from typing import Any

import click

from greeks_cli.terms.fields import plain_digits


class Whole(click.IntRange):
    """A whole number within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(_checked(self, value, param, ctx), param, ctx)


class Real(click.FloatRange):
    """A number within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(_checked(self, value, param, ctx), param, ctx)


def _checked(kind: Whole | Real, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
    try:
        return plain_digits(value)
    except ValueError as error:
        kind.fail(f"{value!r}: {error}", param, ctx)
