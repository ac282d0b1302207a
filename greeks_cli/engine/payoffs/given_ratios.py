"""Mean payoffs given the ratios of a path's prices to the first, over which the first increment is integrated."""

from collections.abc import Sequence
from typing import NoReturn

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.first_price import Affine, FirstPrice, NotIntegrable, Step, mean_of, positive_part
from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, is_variable
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import Contract


def mean_given_ratios(contract: Contract, leaves: Leaves, path: AnyPath) -> Operand:
    """The discounted mean of a payoff given all increments of a path but the first, shape (n_paths,).

    Raises NotIntegrable where the payoff is not linear in positive parts and steps of the first price.
    """
    assert isinstance(path, Path)  # several underlyings have no common factor
    growth, deviation = map(as_constant, path.first_increment(leaves))
    price = FirstPrice(as_constant(leaves["spot"]) * growth / path.multiples(0), deviation)
    given = {name: Affine(price, None, leaf) if is_variable(leaf) else leaf for name, leaf in leaves.items()}
    paid = payoff(contract, given, _GivenRatios(path, price), _Integrating())
    return path.discount(leaves) * mean_of(paid)


class _Integrating(Smoother):
    """Takes the mean of every kink over the first price."""

    def __init__(self) -> None:
        super().__init__(())

    def positive_part(self, x: Operand) -> Operand:
        return positive_part(x)

    def step(self, x: Operand) -> Operand:
        return Step(x)

    def tangent_part(self, x: Operand) -> NoReturn:
        raise NotIntegrable

    def gated(self, x: Operand, value: Operand) -> NoReturn:
        raise NotIntegrable


class _GivenRatios(Path):
    """A path whose prices move together, by a factor that is open."""

    def __init__(self, path: Path, price: FirstPrice):
        self.n_dates, self._path, self._price = path.n_dates, path, price

    def __getattr__(self, name: str) -> NoReturn:
        """Raises NotIntegrable: the rest of the path is not known."""
        raise NotIntegrable

    def time(self, date: int) -> NoReturn:
        raise NotIntegrable

    def accruals(self, leaves: Leaves, date: Dates = -1, since: int | None = None) -> Accruals:
        raise NotIntegrable

    def growth(self, leaves: Leaves, dates: Sequence[int]) -> NoReturn:
        raise NotIntegrable

    @property
    def lognormal_end(self) -> Operand:
        return self[-1]

    def _evaluate(self, dates: Dates, summed: bool = False) -> Affine:
        return self._lognormal(dates, summed)

    def _lognormal(self, dates: Dates, summed: bool = False) -> Affine:
        return Affine(self._price, self._path.multiples(dates, summed), 0.0)
