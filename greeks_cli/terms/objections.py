"""Objections to a request: Greeks that do not exist or cannot be estimated, and markets that do not fit a contract."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from greeks_cli.terms.bridges import MOST_JUMPS
from greeks_cli.terms.contracts.exercise import objection_to
from greeks_cli.terms.contracts.path_exercise import ExercisableOnPath
from greeks_cli.terms.errors import Problem, did_you_mean
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.markets.absent import is_node_of_curve, without_node, without_parameter
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.markets.several import UNDERLYING
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.simulation import Autodiff, Dtype, Estimator, Smoothing
from greeks_cli.terms.underlyings import CORRELATION, correlated, is_correlation, local, named, underlying_of

if TYPE_CHECKING:
    from greeks_cli.terms.request import Request

_ON_DATES = "monitor on dates, such as --monitoring daily or --monitoring-times 0.25,0.5"
_NOT_UNDER_LOCAL_VOL = "early exercise is not priced under local-vol; choose gbm, merton, heston or bates"
NOTABLE_CHANCE, _LARGEST_CHANCE = 1e-5, 1e-3
"""The probability of no price that is told, and that beyond which second orders are refused."""


def problems_of_market(request: "Request") -> Iterator[Problem]:
    """The reasons why a contract cannot be priced in its market."""
    contract = request.contract
    if contract.is_early and request.simulation.dtype is not Dtype.FLOAT64:
        yield Problem(("simulation", "dtype"), "early exercise wants dtype float64", str(request.simulation.dtype))
        return
    if request.is_joint:
        others = [name for name, own in request.joint_market.underlying.items() if own.model is Model.LOCAL_VOL]
        if contract.is_early and others:
            message = f"{others[0]}: {_NOT_UNDER_LOCAL_VOL}"
            yield Problem(("market", UNDERLYING, others[0]), message, str(Model.LOCAL_VOL))
            return
        if contract.is_early and isinstance(contract, ExercisableOnPath):
            message = f"early exercise of a {contract.kind} wants one underlying; basket and best-of have several"
            yield Problem(("contract", "exercise"), message)
            return
        yield from dict.fromkeys(_problems_of_parts(request))
        if request.simulation.control and (reason := _reason_against_control(request)):
            yield Problem(("simulation", "control"), f"{reason}; leave out control")
        return
    market, expiry = request.sole_market, contract.expiry
    if contract.is_early and isinstance(contract, ExercisableOnPath) and market.model is not Model.GBM:
        message = f"early exercise of the {contract.kind} contract wants model gbm"
        yield Problem(("market", "model"), message, str(market.model))
    elif contract.is_early and market.model is Model.LOCAL_VOL:
        yield Problem(("market", "model"), _NOT_UNDER_LOCAL_VOL, str(market.model))
    if contract.is_early and market.model is not Model.GBM and request.cash_dividends:
        message = f"early exercise under {market.model} wants no dividends in cash before expiry; give shares"
        yield Problem(("market", "dividends"), message, str(market.dividends))
    worth = market.worth_of_dividends(expiry)
    if worth >= market.spot:
        message = f"are worth {worth:g} until expiry {expiry:g}, and the spot is {market.spot:g}; lower them"
        yield Problem(("market", "dividends"), message, str(market.dividends))
    if not getattr(contract, "is_continuous", False):
        return
    if market.model is not Model.GBM and not request.bridged_span:
        message = f"continuous monitoring of a {contract.kind} wants model gbm, not {market.model}; {_ON_DATES}"
        yield Problem(("contract", "monitoring"), message)
        return
    estimator = request.simulation.estimator
    if market.model is Model.LOCAL_VOL and estimator not in (Estimator.AUTO, Estimator.PATHWISE):
        message = "continuous monitoring under local-vol wants estimator pathwise or auto"
        yield Problem(("simulation", "estimator"), message, str(estimator))
        return
    if request.cash_dividends:
        message = f"continuous monitoring wants no dividends in cash before expiry; {_ON_DATES}"
        yield Problem(("contract", "monitoring"), message)
    if request.bridged_span:
        if expiry * (market.jump_intensity or 0.0) > MOST_JUMPS:
            message = f"continuous monitoring wants at most {MOST_JUMPS} jumps until expiry in the mean; {_ON_DATES}"
            yield Problem(("contract", "monitoring"), message)
        return
    node = next(market.nodes_before(expiry), None)
    depends = market.curves and contract.series(request.levels) is not None
    if node or depends:
        reason = f"{node} changes them" if node else f"this one has a curve of {', '.join(market.curves)}"
        message = f"continuous monitoring wants constant parameters up to expiry, and {reason}; {_ON_DATES}"
        yield Problem(("contract", "monitoring"), message)


def _problems_of_parts(request: "Request") -> Iterator[Problem]:
    """The problems of each of several underlyings; one of dividends that not all have is placed in its table."""
    markets = request.joint_market.underlying
    are_common = len({own.dividends for own in markets.values()}) == 1
    for name, part in zip(markets, request.parts, strict=True):
        found = list(problems_of_market(part))
        if request.contract.is_early and part.cash_dividends and part.sole_market.model is Model.GBM:
            message = "early exercise of several underlyings wants no dividends in cash before expiry; give shares"
            found.append(Problem(("market", "dividends"), message, str(part.sole_market.dividends)))
        for problem in found:
            if are_common or problem.path != ("market", "dividends"):
                yield problem
            else:
                message = f"{name}: dividends: {problem.message}"
                yield Problem(("market", UNDERLYING, name), message, problem.value)


def _reason_against_control(request: "Request") -> str | None:
    """The reason why several underlyings have no control variate; None where they have one."""
    if request.contract.control is None:
        reason = "an arithmetic basket with positive weights that add up to 1, the geometric one"
        return f"of contracts on several underlyings only one has a control variate: {reason}"
    markets = request.joint_market
    has_curve = any(isinstance(own.vol, Curve) for own in markets.markets)
    if has_curve or not markets.is_lognormal or any(part.cash_dividends for part in request.parts):
        needs = "model gbm, vols that are numbers and no dividends in cash"
        return f"the control variate of a basket, the geometric one, has a closed form under {needs} alone"
    return None


def objection(request: "Request", greek: Greek, values: Mapping[str, float]) -> str | None:
    """The reason why a Greek does not exist, or cannot be estimated; None for the others."""
    contract, simulation = request.contract, request.simulation
    unknown = [name for name in greek.parameters if name not in values]
    if unknown:
        return _without(request, unknown[0], values)
    if isinstance(request.market, JointMarket):
        singular = [name for name in greek.parameters if is_correlation(name) and request.market.is_singular]
        if singular:
            return f"{singular[0]} cannot move both ways: the matrix of correlations has an eigenvalue of 0"
    if unestimated := objection_to(contract, greek.parameters, request.market.models):
        return unestimated
    if greek.order < 2 and not contract.jumps:
        return None
    chance = request.chance_of_no_price
    if greek.order > 1 and chance > _LARGEST_CHANCE:
        return (
            f"dividends take all of the price with a probability of {chance:.1g}, and what the "
            "kink there adds is not estimated; use dividend_model escrowed"
        )
    moving = sum(curve_of(name) == "spot" or name in contract.values for name in greek.parameters)
    if moving > 1 and contract.bends_at(request.spot):
        return (
            f"it does not exist at spot {request.spot:g}, where the first derivative jumps; "
            "move the spot, the strike or the running extreme a little"
        )
    if _lacks_smoothing(request, greek):
        return (
            "refused with smoothing none, because the second derivative of max(x, 0), like the first of a jump, "
            "is 0 on every path and the estimate would be 0 or lack its main term; use smoothing softplus"
        )
    if greek.order > 2 and simulation.autodiff is Autodiff.BACKWARD:
        return "autodiff backward reaches second order only; use autodiff grad"
    return None


def _lacks_smoothing(request: "Request", greek: Greek) -> bool:
    """True for a pathwise derivative of a plain kink, or of a jump."""
    simulation, jumps = request.simulation, request.contract.jumps
    if simulation.smoothing is not Smoothing.NONE or greek.order <= (0 if jumps else 1):
        return False
    pathwise = simulation.estimator in (Estimator.AUTO, Estimator.PATHWISE, Estimator.CONDITIONAL)
    return pathwise or (simulation.estimator is Estimator.MIXED and jumps)


def _without(request: "Request", name: str, values: Mapping[str, float]) -> str:
    """The reason why a request has no parameter of a name, and the remedy."""
    kind = request.contract.kind
    if isinstance(request.market, JointMarket):
        return _without_underlying(request.market, kind, name, values)
    if curve_of(name) == CORRELATION:
        return f"the {kind} contract is on one underlying, and has no {name}; leave it out"
    if underlying := underlying_of(name):
        return f"the {kind} contract is on one underlying, and '{underlying}' is none; leave out [{underlying}]"
    market = request.market
    if is_node_of_curve(name):
        return without_node(market, name)
    if remedy := without_parameter(market, name):
        return remedy
    return f"the {kind} contract has no parameter '{name}'; {did_you_mean(name, values)}"


def _without_underlying(market: JointMarket, kind: str, name: str, values: Mapping[str, float]) -> str:
    names = ", ".join(market.names)
    if is_correlation(name):
        missing = [one for one in correlated(name) if one not in market.names]
        return f"there is no underlying '{missing[0]}'; they are {names}" if missing else f"there is no '{name}'"
    underlying = underlying_of(name)
    if underlying and underlying not in market.names:
        return f"there is no underlying '{underlying}'; they are {names}"
    own = market.underlying[underlying] if underlying else None
    if own and underlying and (remedy := without_parameter(own, local(name), underlying)):
        return remedy
    if not underlying and named(name, market.names[0]) in values:
        return f"'{name}' belongs to each underlying; write {named(name, market.names[0])}"
    return f"the {kind} contract has no parameter '{name}'; {did_you_mean(name, values)}"
