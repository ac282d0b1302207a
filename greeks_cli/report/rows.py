"""Rows of a result in the units asked for, common to all formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from greeks_cli.terms.results.result import Estimate, Result
from greeks_cli.terms.units import Units


@dataclass(frozen=True, slots=True)
class Row:
    """One estimate in display units; field names but the last are the keys of JSON and the columns of CSV."""

    name: str
    value: float
    stderr: float
    low: float
    high: float
    bias: float
    exact: float | None
    unit: str
    estimator: str
    warning: str | None
    bias_of_steps: float = 0.0
    """The part of the bias that is of time steps, a key of JSON where there are any."""
    upper: float | None = None
    """The upper bound on a price of which ``value`` is a lower one, a key of JSON and CSV where there is one."""
    upper_stderr: float | None = None

    @property
    def z(self) -> float | None:
        """Distance from the closed form in standard errors; None without a closed form or a standard error."""
        return None if self.exact is None or self.stderr == 0 else (self.value - self.exact) / self.stderr


def rows(result: Result, units: Units, currency: str | None = None) -> list[Row]:
    """The estimates of a result; ``currency`` is the name of the unit of money."""
    values = result.request.values
    return [_row(estimate, units, values, currency) for estimate in result.estimates]


def _row(estimate: Estimate, units: Units, values: Mapping[str, float], currency: str | None) -> Row:
    scale = units.scale(estimate.greek, values)
    return Row(
        name=estimate.greek.name,
        value=estimate.value * scale,
        stderr=estimate.stderr * scale,
        low=estimate.low * scale,
        high=estimate.high * scale,
        bias=estimate.bias * scale,
        exact=None if estimate.exact is None else estimate.exact * scale,
        unit=units.label(estimate.greek, currency),
        estimator=str(estimate.estimator),
        warning=estimate.warning,
        bias_of_steps=estimate.bias_of_steps * scale,
        upper=None if estimate.upper is None else estimate.upper * scale,
        upper_stderr=None if estimate.upper_stderr is None else estimate.upper_stderr * scale,
    )


_BOUND = ("upper", "upper_stderr")
_WRITTEN = tuple(field.name for field in fields(Row) if field.name not in ("bias_of_steps", *_BOUND))
NAMES = (*_WRITTEN, *_BOUND)
"""Keys and columns of files."""


def written(row: Row) -> dict[str, Any]:
    """The fields of a row in files; ``dataclasses.asdict`` copies each of them, which takes ten times as long."""
    return {name: getattr(row, name) for name in (*_WRITTEN, *(_BOUND if row.upper is not None else ()))}


def columns_of(written_rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of rows in CSV; those of a bound where one of the rows has one."""
    return [*_WRITTEN, *(_BOUND if any("upper" in row for row in written_rows) else ())]
