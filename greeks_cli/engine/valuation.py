"""From normals to derivatives: the request's graph, built and differentiated once."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.chainer_runtime import chainer
from greeks_cli.engine.derivatives import Derivatives, MultiIndex, by_backward, by_grad
from greeks_cli.engine.leaves import make_leaves
from greeks_cli.engine.paths import Path
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.smoothing import Kernel, Smoother
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Autodiff


def pathwise(
    request: Request, normals: NDArray[np.floating], kernels: Sequence[Kernel], wanted: Collection[MultiIndex]
) -> Derivatives:
    """The wanted derivatives of the discounted, smoothed payoff, one of each per path."""
    live = {name for index in wanted for name in index}
    leaves = make_leaves(request.values, live, normals.shape[1], normals.dtype.type)
    path = Path(leaves, request.contract.dates, normals)
    value = chainer.as_variable(discounted_payoff(request.contract, leaves, path, Smoother(kernels)))
    differentiate = by_grad if request.simulation.autodiff is Autodiff.GRAD else by_backward
    return differentiate(value, leaves, wanted)
