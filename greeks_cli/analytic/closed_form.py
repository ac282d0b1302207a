"""Closed form of a contract, dispatched on its type."""

import importlib
from collections.abc import Sequence
from functools import singledispatch
from typing import Protocol

from greeks_cli.analytic.end_law import EndLaw
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.contracts.contract import Contract, module_of

SCHEDULE = ("expiry", "start")
"""Times of a contract that are inputs of its closed form."""


class AccrualsTo(Protocol):
    """Integrals of the market's parameters to the dates of the contract, by their indices."""

    is_flat: bool
    """True if no parameter is a curve."""

    @property
    def end_law(self) -> EndLaw:
        """The law of the underlying at expiry."""

    def __call__(self, date: int = -1, since: int | None = None) -> Accruals:
        """Integrals to a date, from the present or from another date."""

    def weighted(self, coefficients: Sequence[float]) -> Accruals:
        """The weighted sum of the integrals from the present to the first dates."""


_MODULES = {
    "vanillas": (".vanilla_options",),
    "controls": (".vanilla_options",),
    "barriers": (".barrier_options", ".double_barrier"),
    "path_dependent": (".path_options",),
    "periodic": (".path_options",),
}
"""Modules of closed forms, by those that define their contracts; each is imported when it is first needed."""


@singledispatch
def closed_form(contract: Contract, leaves: Leaves, accruals: AccrualsTo) -> Operand | None:
    """The price as a graph of the leaves, or None where there is no closed form.

    The leaves are the parameters, those of ``SCHEDULE`` that the contract has, and what has been observed.
    """
    for module in _MODULES.get(module_of(contract), ()):
        importlib.import_module(module, __package__)
    form = closed_form.dispatch(type(contract))
    return None if form is closed_form.dispatch(object) else form(contract, leaves, accruals)
