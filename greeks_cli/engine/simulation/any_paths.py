"""The paths of one underlying or of several, by their scenarios."""

from collections.abc import Sequence

from greeks_cli.engine.simulation.models.model_paths import Paths, paths_of
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.markets.models import Model


def any_paths(scenarios: Sequence[Scenario], schedules: Sequence[Schedule]) -> Paths:
    """The paths of one underlying, or of several."""
    if type(scenarios[0]) is Scenario:
        return paths_of(scenarios[0], schedules[0])
    from greeks_cli.engine.simulation.joint.model_paths import JointModelPaths
    from greeks_cli.engine.simulation.joint.paths import JointPaths
    from greeks_cli.engine.simulation.joint.scenario import PartScenario

    parts = [scenario for scenario in scenarios if isinstance(scenario, PartScenario)]
    is_lognormal = all(own.model is Model.GBM for own in parts)
    return (JointPaths if is_lognormal else JointModelPaths)(parts, schedules)
