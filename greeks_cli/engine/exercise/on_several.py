"""Exercise policy on several underlyings: polynomials of ranked logarithms and of the payment."""

from collections.abc import Sequence

from greeks_cli.engine.exercise.by_states import FitByStates
from greeks_cli.engine.exercise.fit import Array, Moves, fitted_martingale, pilot_path
from greeks_cli.engine.exercise.variants import Variant
from greeks_cli.engine.payoffs.early.bells import N_BELLS
from greeks_cli.engine.payoffs.early.quantities import EarlyOnSeveral
from greeks_cli.engine.payoffs.early.ranks import ranked
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.terms.request import Request


class FitOnSeveral(FitByStates):
    """Fit of a policy on several underlyings."""

    def __init__(self, request: Request, variant: Variant):
        path = pilot_path(request, variant.stream)
        assert isinstance(path, JointPath)
        own = EarlyOnSeveral(request.contract, request.payoff_values, path)
        super().__init__(request, variant, own, n_states=len(path.named))
        self._moves = [Moves(part, values_of_part(request.values, name)) for name, part in path.named.items()]
        self._ends = [f" of {k}" for k in range(len(self._moves))]
        for of in self._ends:
            self._add(f"centre{of}", f"scale{of}", *(f"martingale {b}{of}" for b in range(N_BELLS)))

    def _martingale(self, date: int, value: Array) -> Array:
        return fitted_martingale(self._moves, date, value, self.columns, self._ends)

    def _states(self, date: int) -> Sequence[Array]:
        return ranked([own.logs[date] for own in self._moves])
