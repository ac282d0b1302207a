"""Closed forms of contracts that a barrier ends or begins."""

from greeks_cli.analytic.black import N, european
from greeks_cli.analytic.closed_form import AccrualsTo, closed_form
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt
from greeks_cli.terms.contracts.barriers import Barrier
from greeks_cli.terms.contracts.rebates import martingale


@closed_form.register
def _barrier(contract: Barrier, leaves: Leaves, accruals: AccrualsTo) -> Operand | None:
    """E. Reiner and M. Rubinstein, Breaking down the barriers, Risk 4 (1991), in Haug's notation."""
    if contract.looks or contract.opens_later or contract.closes_early:
        return None
    S, H, vol, rate = leaves["spot"], leaves["barrier"], leaves["vol"], leaves["rate"]
    T = leaves["expiry"] - leaves["time"]
    eta = -1.0 if contract.barrier_type.above else 1.0
    discount = exp(-rate * T)
    vanilla = european(contract.type.sign, S, leaves["strike"], accruals())
    touched_already = eta * float(S.array[0] - H.array[0]) <= 0
    if contract.knocked or touched_already:
        return vanilla if contract.barrier_type.knocks_in else _rebate_of_touched(contract, discount)
    deviation = vol * sqrt(T)
    mu = (rate - leaves["dividend_yield"]) / (vol * vol) - 0.5
    x2 = log(S / H) / deviation + (1 + mu) * deviation
    y2 = log(H / S) / deviation + (1 + mu) * deviation
    untouched = N(eta * (x2 - deviation)) - exp(2 * mu * log(H / S)) * N(eta * (y2 - deviation))
    knocked_in = _knock_in(contract, leaves, T, mu)
    if contract.barrier_type.knocks_in:
        return knocked_in + contract.rebate * discount * untouched
    if contract.rebate and contract.pays_at_hit:
        rebate = _rebate_at_hit(contract, leaves, T, mu)
        return None if rebate is None else vanilla - knocked_in + rebate
    return vanilla - knocked_in + contract.rebate * discount * (1 - untouched)


def _rebate_of_touched(contract: Barrier, discount: Operand) -> Operand:
    """The rebate of a knock-out whose barrier is touched: at hit, it is paid today, or was paid before."""
    if contract.pays_at_hit:
        return 0.0 * discount + (0.0 if contract.knocked else contract.rebate)
    return contract.rebate * discount


def _rebate_at_hit(contract: Barrier, leaves: Leaves, T: Operand, mu: Operand) -> Operand | None:
    """The rebate paid at hit (F in Haug's notation); None where its roots are complex, or too close."""
    market = {name: float(leaves[name].array[0]) for name in ("vol", "rate", "dividend_yield")}
    _, is_real = martingale(market, contract.closes)
    if not is_real:
        return None
    deviation, eta = leaves["vol"] * sqrt(T), -1.0 if contract.barrier_type.above else 1.0
    root = sqrt(mu * mu + 2 * leaves["rate"] / (leaves["vol"] * leaves["vol"]))
    x = log(leaves["barrier"] / leaves["spot"])
    z = x / deviation + root * deviation
    near = exp((mu - root) * x) * N(eta * (z - 2 * root * deviation))
    return contract.rebate * (exp((mu + root) * x) * N(eta * z) + near)


def _knock_in(contract: Barrier, leaves: Leaves, T: Operand, mu: Operand) -> Operand:
    """The knock-in option without its rebate."""
    S, K, H, vol = leaves["spot"], leaves["strike"], leaves["barrier"], leaves["vol"]
    deviation, phi = vol * sqrt(T), contract.type.sign
    eta = -1.0 if contract.barrier_type.above else 1.0
    asset, cash = S * exp(-leaves["dividend_yield"] * T), K * exp(-leaves["rate"] * T)

    def term(distance: Operand, mirrored: bool) -> Operand:
        d = distance / deviation + (1 + mu) * deviation
        side = eta if mirrored else phi
        scale = log(H / S) if mirrored else 0.0 * S
        return phi * (
            asset * exp(2 * (mu + 1) * scale) * N(side * d) - cash * exp(2 * mu * scale) * N(side * (d - deviation))
        )

    a, b = term(log(S / K), False), term(log(S / H), False)
    c, d = term(log(H * H / (S * K)), True), term(log(H / S), True)
    strike_above = float(K.array[0]) > float(H.array[0])
    if contract.barrier_type.above:
        if phi > 0:
            return a if strike_above else b - c + d
        return a - b + d if strike_above else c
    if phi > 0:
        return c if strike_above else a - b + d
    return b - c + d if strike_above else a
