"""Markets and paths of one underlying or of several, by the request that they are of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from greeks_cli.engine.autodiff.ops import Leaves
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import Path, PlainPath
from greeks_cli.terms.request import Request

if TYPE_CHECKING:
    from greeks_cli.engine.simulation.joint.lognormals import JointMarkets, JointPathData
    from greeks_cli.engine.simulation.joint.model_data import JointModelData
    from greeks_cli.engine.simulation.joint.paths import JointPath

    AnyMarkets = Markets | JointMarkets
    AnyPathData = PathData | JointPathData | JointModelData
    AnyPath = Path | JointPath
else:  # names of types; the modules of several underlyings are imported for a request that has them
    AnyMarkets, AnyPathData, AnyPath = Markets, PathData, Path


def markets_of(requests: Sequence[Request]) -> AnyMarkets:
    """The markets and dates of requests of one structure."""
    return _class_of(requests[0]).of(requests)


def moved_market(request: Request, values: Mapping[str, float]) -> AnyMarkets:
    """The market and dates of a request, with other values of its parameters."""
    return _class_of(request).moved([(values, request)])


def _class_of(request: Request) -> "type[Markets | JointMarkets]":
    if not request.is_joint:
        return Markets
    from greeks_cli.engine.simulation.joint.lognormals import JointMarkets

    return JointMarkets


def data_of(motion: Motion, markets: AnyMarkets) -> AnyPathData:
    """The paths of a motion in some markets."""
    if isinstance(markets, Markets):
        return PathData(motion, markets)
    from greeks_cli.engine.simulation.joint.lognormals import JointPathData
    from greeks_cli.engine.simulation.joint.model_data import JointModelData

    return (JointPathData if markets.is_lognormal else JointModelData)(motion, markets)


def plain_path(data: AnyPathData, request: Request, values: Leaves) -> AnyPath:
    """A path of plain arrays in one market, without derivatives."""
    if isinstance(data, PathData):
        return PlainPath(data, request, values)
    from greeks_cli.engine.simulation.joint.paths import plain_joint_path

    return plain_joint_path(data, request, values)
