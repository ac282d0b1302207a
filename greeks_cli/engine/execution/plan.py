"""Plan of a request: the method of each Greek, the blocks of paths, and the blocks that measure the bias."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.estimators.bandwidth import Kink
from greeks_cli.engine.estimators.methods import kink_order
from greeks_cli.engine.execution.blocks import Blocks
from greeks_cli.engine.execution.choice.least_error import Group
from greeks_cli.engine.execution.numbers import Numbers
from greeks_cli.engine.execution.traced import Traced
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Sampler

_BIAS_EVERY = {1: 16, 2: 16, 3: 4, 4: 1}
"""One block in this number, by the highest order of a kink's derivative, is evaluated at wider widths too.

Enough to measure the bias: it is larger, and its measurement noisier, at higher orders.
"""


_ORDER_OF_POLICIES = 3
"""The order that an exercise policy counts as, for the number of blocks that are evaluated at others too."""
STEPS_EVERY = 2
"""One block in this number is evaluated on half as many time steps too."""


@dataclass(frozen=True)
class Plan:
    """Plan of a request, the same on any machine."""

    request: Request
    groups: tuple[Group, ...]
    controls: Mapping[MultiIndex, MultiIndex]
    """For every Greek, the derivative of the control variate that it is regressed on."""
    traced: Traced
    kinks: tuple[Kink, ...]
    blocks: Blocks
    numbers: Numbers
    """The open numbers of the request."""
    shift: float = 0.0
    """The shift of the paths' ends by importance sampling, in standard deviations."""
    small: frozenset[MultiIndex] = frozenset()
    """The Greeks that few plain paths would show: numbers far below their usual size are no rounding."""

    @cached_property
    def indices(self) -> tuple[MultiIndex, ...]:
        """The derivatives, by group."""
        return tuple(index for group in self.groups for index in group.wanted)

    @property
    def n_steps(self) -> int:
        """The number of time steps of a path; 0 where sampling is exact."""
        return sum(self.blocks.grid.steps)

    def measures_bias(self, block: int) -> bool:
        """True if a block is evaluated at wider widths too."""
        return self._bias_every > 0 and block % self._bias_every == 0

    def measures_steps(self, block: int) -> bool:
        """True if a block is evaluated on half as many time steps too."""
        sobol = self.request.simulation.sampler is Sampler.SOBOL
        return self.blocks.grid.has_steps and (sobol or block % STEPS_EVERY == 0)

    @property
    def far_doublings(self) -> int:
        """How often steps are doubled before a change from twice their length is measured in every block; 0 if not."""
        return self.blocks.doublings - 1

    @cached_property
    def _bias_every(self) -> int:
        contract = self.request.contract
        smoothed = [
            kink_order(contract, i) for group in self.groups for i in group.wanted if group.method.smooths(i, contract)
        ]
        if contract.is_early:
            smoothed.append(_ORDER_OF_POLICIES)
        if not smoothed:
            return 0
        sobol = self.request.simulation.sampler is Sampler.SOBOL  # few blocks, each a sample
        return 1 if sobol else _BIAS_EVERY[min(4, max(1, *smoothed))]
