"""Quantities at exercise dates of a contract on several underlyings that follow models."""

from collections.abc import Sequence

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import Operand, running_total, values_of
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.payoffs.early.at_dates import at_dates_of_several
from greeks_cli.engine.payoffs.early.joint_shocks import States, bounded, joint_shocks, value_and_slopes, value_of
from greeks_cli.engine.payoffs.early.moves import Move, deviations_of, levels_of, move_of
from greeks_cli.engine.payoffs.early.quantities import POLICY, Columns, EarlyOnSeveral
from greeks_cli.terms.markets.models import Model


class EarlyOnSeveralGiven(EarlyOnSeveral):
    """Quantities of a contract on several underlyings whose increments are normal given variances and jumps."""

    @property
    def models(self) -> list[Model]:
        """The model of each underlying."""
        return [part.model for part, _ in self._parts]

    def martingale(self, policy: Columns) -> Operand:
        moves, found = self.moves, 0.0
        _, slopes = value_and_slopes(policy, self.before(moves), self.payment_at)
        for k, shock in enumerate(joint_shocks(policy, moves, bounded(policy, slopes))):
            found = found + policy[f"martingale {k}"] * shock
        return running_total(found)

    def going_on(self, policy: Columns) -> Operand:
        return value_of(policy, self.states, "continuation")

    @property
    def states(self) -> States:
        """The states that the policy decides by, without derivatives."""
        levels = [levels_of(part, leaves) for part, leaves in self._parts if part.model.has_variance]
        logs = [values_of(own) for own in self.logarithms]
        return States(logs, [deviations_of(own) for own in levels], values_of(self.payments))

    @property
    def moves(self) -> list[Move]:
        """The moves of each price between exercise dates."""
        return [move_of(part, leaves, own) for (part, leaves), own in zip(self._parts, self.logarithms, strict=True)]

    def before(self, moves: Sequence[Move]) -> States:
        """The states at the dates before."""
        logs = [move.before for move in moves]
        levels = [move.level for move in moves if move.level is not None]
        return States(logs, [deviations_of(own) for own in levels], self.payment_at(logs))

    def payment_at(self, logs: Sequence[Operand]) -> Operand:
        """The payment at some logarithms of the prices, without derivatives."""
        leaves = {name: value if name == POLICY else values_of(value) for name, value in self._leaves.items()}
        view = at_dates_of_several([elementary.exp(own) for own in logs])
        return values_of(payoff(self._contract, leaves, view, Sharp()))
