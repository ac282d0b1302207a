"""Quantities of a contract at its exercise dates, each of shape (n_dates, n_paths), on one underlying or several."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, exp, log, running_total, values_of
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.payoffs.early.at_dates import at_dates, at_dates_of_several, given_forwards
from greeks_cli.engine.payoffs.early.bells import bells
from greeks_cli.engine.payoffs.early.ranks import going_on, ranked
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.models.conditional import differences
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.path_exercise import ExercisableOnPath
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.underlyings import named

POLICY = "exercise policy"
"""The leaf of the policy's numbers by name: one for each date, shape (n_dates, 1), or one for all, shape ()."""
DEGREE = 8
"""The degree of the polynomial for the premium of going on."""
MORE_THAN_ROUNDING = 1 + 1e-9
"""The least ratio of a payment to the value of going on: without a rate, both are equal deep in the money."""
_LEAST_SPOT = 1e-12
"""A price that stands for one that dividends have taken away."""
Columns = Mapping[str, Operand]


class Early(ABC):
    """Quantities of a contract at its exercise dates."""

    def __init__(self, contract: Contract, leaves: Leaves, path: AnyPath):
        self._contract, self._leaves = contract, leaves
        self.n_dates = path.n_dates

    @property
    @abstractmethod
    def payments(self) -> Operand:
        """The payment on exercise at each date."""

    @abstractmethod
    def payment_today(self) -> Operand:
        """The payment on exercise now, one per path."""

    @property
    @abstractmethod
    def discounts(self) -> Operand:
        """The discount factors of the dates."""

    @abstractmethod
    def known_today(self) -> Operand:
        """The part of the price that a formula gives, one per path."""

    @abstractmethod
    def martingale(self, policy: Columns) -> Operand:
        """The martingale at each date, and the part of the price that a formula gives."""

    @abstractmethod
    def going_on(self, policy: Columns) -> Operand:
        """The value of going on at each date, without derivatives."""

    def hedged(self, policy: Columns) -> Operand:
        """The discounted payments less the martingale, but for the part of the price that a formula gives."""
        return self.discounts * self.payments - self.martingale(policy)

    def decisions(self, policy: Columns) -> Operand:
        """1 at the date of exercise, else 0; the last date exercises what is left."""
        exercised = self.pays_more(policy).astype(values_of(self.payments).dtype)
        exercised = np.concatenate([exercised[:-1], np.ones_like(exercised[:1])])
        counts = np.cumsum(exercised, axis=0)
        return exercised * (counts < 1.5).astype(exercised.dtype)

    def pays_more(self, policy: Columns) -> Operand:
        """True where the payment at a date is more than the value of going on."""
        return self.going_on(policy) * MORE_THAN_ROUNDING < values_of(self.payments)


class EarlyOnUnderlying(Early):
    """Quantities of a contract on one underlying."""

    def __init__(self, contract: Contract, leaves: Leaves, path: AnyPath):
        assert isinstance(path, Path)
        super().__init__(contract, leaves, path)
        self._path = path
        self._accruals = path.accruals(leaves, slice(0, self.n_dates))

    @property
    def payments(self) -> Operand:
        return payoff(self._contract, self._leaves, at_dates(self._path.spots), Sharp())

    def payment_today(self) -> Operand:
        spot = self._leaves["spot"] + 0.0 * values_of(self._path[0])
        return payoff(self._contract, self._leaves, at_dates(spot), Sharp())

    @property
    def discounts(self) -> Operand:
        return as_constant(self._accruals.discount)

    @property
    def logarithms(self) -> Operand:
        """The logarithm of the lognormal."""
        return log_of(self._path.lognormals)


class EarlyOnOne(EarlyOnUnderlying):
    """Quantities of a contract on one underlying, whose European has a closed form."""

    def __init__(self, contract: Contract, leaves: Leaves, path: AnyPath):
        super().__init__(contract, leaves, path)
        self._share = as_constant(leaves[POLICY]["share"])

    def europeans(self) -> Operand:
        """The discounted price of the European at each date.

        Where dividends in cash make the price jump, the European is on the lognormal's share that they leave.
        """
        to_expiry, variance = self._path.accruals(self._leaves), self._accruals.variance
        forwards = exp(self.logarithms + (as_constant(to_expiry.carry) - self._accruals.carry))
        return self._european(forwards, variance[-1:] - variance)

    def known_today(self) -> Operand:
        to_expiry = self._path.accruals(self._leaves)
        forward = as_constant(self._path.start(self._leaves) * exp(to_expiry.carry)) + 0.0 * values_of(self._path[0])
        return self._european(forward, as_constant(to_expiry.variance))

    def _european(self, forwards: Operand, variance: Operand) -> Operand:
        discount = as_constant(self._path.accruals(self._leaves).discount)
        forwards = forwards * self._share
        return payoff(self._contract, self._leaves, given_forwards(forwards, variance), Sharp()) * discount

    def martingale(self, policy: Columns) -> Operand:
        start = as_constant(log(self._path.start(self._leaves)))
        return self.europeans() + of_bells(self.logarithms, start, self._accruals, policy)

    def going_on(self, policy: Columns) -> Operand:
        return continuation_value(policy, self.states, self.compared(policy["ratio"]))

    @property
    def states(self) -> Operand:
        """The logarithm by which the policy decides: of the lognormal, or of a price that dividends have lowered."""
        if self._path.jumps_by_cash:
            return elementary.log(np.maximum(values_of(self._path.spots), _LEAST_SPOT))
        return values_of(self.logarithms)

    def compared(self, ratio: Operand) -> Operand:
        """The price of the European at each date, without derivatives.

        ``ratio`` is what dividends to come in cash leave of the forward.
        """
        if not self._path.jumps_by_cash:
            return values_of(self.europeans()) / values_of(self.discounts)
        to_expiry, variance = self._path.accruals(self._leaves), values_of(self._accruals.variance)
        growth = values_of(exp(as_constant(to_expiry.carry) - self._accruals.carry))
        forwards = values_of(self._path.spots) * growth * ratio
        leaves = {name: value if name == POLICY else values_of(value) for name, value in self._leaves.items()}
        view = given_forwards(np.maximum(forwards, _LEAST_SPOT), variance[-1:] - variance)
        discount = values_of(as_constant(to_expiry.discount)) / values_of(self.discounts)
        return values_of(payoff(self._contract, leaves, view, Sharp())) * discount


class EarlyOnSeveral(Early):
    """Quantities of a contract on several underlyings; no formula is used."""

    def __init__(self, contract: Contract, leaves: Leaves, path: AnyPath):
        assert not isinstance(path, Path)
        from greeks_cli.engine.simulation.joint.lognormals import values_of_part  # several underlyings alone need it

        super().__init__(contract, leaves, path)
        self._parts = [(part, values_of_part(leaves, name)) for name, part in path.named.items()]
        self._spots = [leaves[named("spot", name)] + 0.0 * values_of(part[0]) for name, part in path.named.items()]

    @property
    def payments(self) -> Operand:
        view = at_dates_of_several([part.spots for part, _ in self._parts])
        return payoff(self._contract, self._leaves, view, Sharp())

    def payment_today(self) -> Operand:
        return payoff(self._contract, self._leaves, at_dates_of_several(self._spots), Sharp())

    @property
    def discounts(self) -> Operand:
        return as_constant(self._accruals(0).discount)

    def known_today(self) -> Operand:
        return 0.0 * values_of(self._spots[0])

    def martingale(self, policy: Columns) -> Operand:
        found: Operand = 0.0
        for k, (part, leaves) in enumerate(self._parts):
            start = as_constant(log(part.start(leaves)))
            found = found + of_bells(self.logarithms[k], start, self._accruals(k), policy, f" of {k}")
        return found

    def going_on(self, policy: Columns) -> Operand:
        states = ranked([values_of(logs) for logs in self.logarithms])
        return going_on(policy, states, values_of(self.payments))

    @property
    def logarithms(self) -> Sequence[Operand]:
        """The logarithm of each lognormal."""
        return [log_of(part.lognormals) for part, _ in self._parts]

    def _accruals(self, part: int) -> Accruals:
        path, leaves = self._parts[part]
        return path.accruals(leaves, slice(0, self.n_dates))


def early(contract: Contract, leaves: Leaves, path: AnyPath) -> Early:
    """The quantities of a contract at its exercise dates."""
    if isinstance(contract, ExercisableOnPath):
        from greeks_cli.engine.payoffs.early.on_path import EarlyOnPath  # contracts on paths alone need it

        return EarlyOnPath(contract, leaves, path)
    if isinstance(path, Path) and path.model is not Model.GBM:
        from greeks_cli.engine.payoffs.early.given import EarlyGiven  # gbm has no model's shocks

        return EarlyGiven(contract, leaves, path)
    if not isinstance(path, Path) and any(part.model is not Model.GBM for part in path.parts):
        from greeks_cli.engine.payoffs.early.joint_given import EarlyOnSeveralGiven

        return EarlyOnSeveralGiven(contract, leaves, path)
    return (EarlyOnOne if isinstance(path, Path) else EarlyOnSeveral)(contract, leaves, path)


def of_bells(logs: Operand, start: Operand, accruals: Accruals, policy: Columns, of: str = "") -> Operand:
    """The martingale of bells of a logarithm less their means a date before, summed up to each date.

    ``of`` ends the names of the policy's numbers.
    """
    first = start + 0.0 * values_of(logs[:1])
    before = concat([first, logs[:-1]]) if logs.shape[0] > 1 else first
    means = before + differences(accruals.growth)
    scale, centre = policy[f"scale{of}"], policy[f"centre{of}"]
    spread = differences(accruals.variance) * (scale * scale)
    found: Operand = 0.0
    pairs = zip(bells((logs - centre) * scale), bells((means - centre) * scale, spread), strict=True)
    for k, (value, mean) in enumerate(pairs):
        found = found + policy[f"martingale {k}{of}"] * (value - mean)
    return running_total(found)


def continuation_value(policy: Columns, logs: Operand, european: Operand) -> Operand:
    """The continuation value at each date: the European's and a premium, and a share of the European's at least.

    The premium is a polynomial between the ends of the pilot's paths on which exercise is tried, and constant beyond.
    """
    x = np.minimum(np.maximum((logs - policy["middle"]) * policy["steepness"], policy["lowest"]), policy["highest"])
    degree = sum(name.startswith("continuation") for name in policy) - 1
    premium = policy[f"continuation {degree}"]
    for k in reversed(range(degree)):
        premium = premium * x + policy[f"continuation {k}"]
    return np.maximum(european + premium, policy["least"] * european)
