"""The paths of several underlyings as graphs of the leaves, for each way to move them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.simulation.anchored import AnchoredPath
from greeks_cli.engine.simulation.joint.lognormals import JointPathData, values_of_part
from greeks_cli.engine.simulation.joint.scenario import PartScenario
from greeks_cli.engine.simulation.joint_density import FixedIncrements, density
from greeks_cli.engine.simulation.paths import FrozenPath, MovingPath, Path, PlainPath, ShiftedPath
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import local, underlying_of

if TYPE_CHECKING:
    from greeks_cli.engine.simulation.joint.model_data import JointModelData


class JointPath:
    """The underlyings at the dates of a contract, each as a path, by its name."""

    def __init__(self, paths: Mapping[str, Path], weight: Operand = 1.0):
        self.named = dict(paths)
        """The path of each underlying by its name."""
        self.parts = tuple(paths.values())
        """The path of each underlying, in the order of the contract."""
        self.weight = weight
        """The density of what is held fixed over its present value: 1, with the relative derivatives of the density."""
        self.n_dates = self.parts[0].n_dates

    def time(self, date: int) -> Operand:
        """Years to a date, a number."""
        return self.parts[0].time(date)

    def of(self, name: str) -> Path:
        """The path of an underlying."""
        return self.named[name]

    def times(self, dates: Sequence[int]) -> Operand:
        """Years to some dates, shape (n_dates, 1)."""
        return self.parts[0].times(dates)

    def growth(self, leaves: Leaves, dates: Sequence[int]) -> Operand:
        """The worth at expiry of 1 that is paid at each of some dates."""
        name, path = next(iter(self.named.items()))
        return path.growth(values_of_part(leaves, name), dates)

    def discount(self, leaves: Leaves, date: int = -1) -> Operand:
        """The discount factor of a date."""
        name, path = next(iter(self.named.items()))
        return path.discount(values_of_part(leaves, name), date)


def plain_joint_path(data: "JointPathData | JointModelData", request: Request, values: Leaves) -> JointPath:
    """The paths as plain arrays in one market, without derivatives."""
    return JointPath(
        {
            name: PlainPath(data.part(k), request.parts[k], values_of_part(values, name))
            for k, name in enumerate(request.joint_market.names)
        }
    )


class JointPaths:
    """The paths of several underlyings, moved in a way."""

    def __init__(self, scenarios: Sequence[PartScenario], schedules: Sequence[Schedule]):
        self._parts = tuple(zip(scenarios, schedules, strict=True))

    def moving(self, leaves: Leaves) -> JointPath:
        """Paths that move with the leaves."""
        return JointPath(
            {own.name: MovingPath(values_of_part(leaves, own.name), own, schedule) for own, schedule in self._parts}
        )

    def frozen(self, leaves: Leaves, anchors: Sequence[int] = ()) -> JointPath:
        """Paths held fixed as data at all dates, or at some, with their joint density as a graph of the leaves."""
        weight = self._weight(leaves, anchors)

        def path(own: PartScenario, schedule: Schedule) -> Path:
            of_part = values_of_part(leaves, own.name)
            if anchors:
                return AnchoredPath(of_part, own, schedule, anchors, weight)
            return FrozenPath(of_part, own, schedule)

        return JointPath({own.name: path(own, schedule) for own, schedule in self._parts}, weight)

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> JointPath:
        """Frozen paths that move with the leaf ``moving`` of the parameter ``first``."""

        def path(own: PartScenario, schedule: Schedule) -> Path:
            of_part = values_of_part(leaves, own.name)
            if underlying_of(first) in (None, own.name):
                return ShiftedPath(of_part, own, schedule, local(first), moving)
            return FrozenPath(of_part, own, schedule)

        return JointPath({own.name: path(own, schedule) for own, schedule in self._parts}, self._weight(leaves))

    def _weight(self, leaves: Leaves, anchors: Sequence[int] = ()) -> Operand:
        names = [own.name for own, _ in self._parts]
        increments = [
            FixedIncrements(own, schedule, values_of_part(leaves, own.name), anchors) for own, schedule in self._parts
        ]
        return density(increments, leaves, names)
