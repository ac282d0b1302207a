"""A path under a model other than geometric Brownian motion."""

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, exp, is_variable, log, total
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.bridges import Bridges, Levels, bridges_of
from greeks_cli.engine.simulation.models.conditional import Latents, increments, relative
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.markets.models import Model


def start_of_lognormal(scenario: Scenario, schedule: Schedule, leaves: Leaves) -> Operand:
    """The start of the lognormal."""

    def accruals(date: Dates) -> Accruals:
        return Accruals(leaves, schedule.time(date), schedule.nodes, lambda node: schedule.weight(node, date))

    return scenario.dividends.start(leaves, accruals)


class ModelPath(Path):
    """A path by the logarithm of the lognormal over its start at each date."""

    def __init__(
        self,
        leaves: Leaves,
        schedule: Schedule,
        scenario: Scenario,
        start: Operand,
        logs: Operand,
        density: Operand,
        latents: Latents | None = None,
    ):
        """``density`` is the log-density of what is held fixed; ``latents`` are by default those of the scenario."""
        super().__init__(leaves, schedule, scenario.dividends)
        self._scenario, self._start, self._logs, self._density = scenario, start, logs, density
        self._latents = latents or scenario

    @property
    def weight(self) -> Operand:
        return relative(self._density) if is_variable(self._density) else 1.0

    @property
    def model(self) -> Model:
        return self._scenario.model

    @property
    def latents(self) -> Latents:
        return self._latents

    @property
    def is_proportional(self) -> bool:
        return super().is_proportional and self._scenario.model.is_conditional

    @property
    def is_integrable(self) -> bool:
        return self._scenario.integrates

    def first_increment(self, leaves: Leaves) -> tuple[Operand, Operand]:
        scenario = self._scenario
        return increments(scenario.model, leaves, self._schedule, scenario.n_dates, scenario).first

    def bridges(self, leaves: Leaves) -> Bridges | None:
        scenario = self._scenario
        if not scenario.bridges:
            return None
        levels = Levels(log(self.start(leaves)), self._logs + as_constant(log(self._start)))
        return bridges_of(scenario.model, leaves, self._schedule, levels, scenario, scenario.bridges)

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        found = exp(self._logs[dates]) * self._start
        return total(found) if summed else found
