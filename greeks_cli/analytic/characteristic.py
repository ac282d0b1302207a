"""Logarithms of characteristic functions of log(S(T) / forward) under models of smiles.

R. Merton (1976) for jumps; S. Heston (1993) for random variance, in the form of H. Albrecher, P. Mayer, W. Schoutens
and J. Tistaert, The little Heston trap (2007), whose logarithm stays on its principal branch; D. Bates (1996) for both.
Functions take numbers, arrays or Variables.
"""

import math
from collections.abc import Mapping

from greeks_cli.engine.autodiff.complex_numbers import as_complex, exponential_quotient, logarithmic_quotient
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, sqrt
from greeks_cli.terms.markets.models import Model, growth_of_a_jump


def log_characteristic(model: Model, z: Operand, leaves: Leaves, years: Operand, variance: Operand) -> Operand:
    """log E exp(i z X), where X = log(S(T) / forward); ``variance`` is that of a diffusion with a vol, to T."""
    own = {name: as_complex(leaves[name]) for name in model.parameters if name != "vol"}
    years = as_complex(years)
    squares = z * (z + 1j)
    found = heston(z, squares, own, years) if model.has_variance else -0.5 * as_complex(variance) * squares
    return found + jumps(z, own, years) if model.has_jumps else found


def slope_at_infinity(model: Model, values: Mapping[str, float], years: float) -> complex:
    """The limit of the logarithm over z, for large z to the right, but for a part that falls faster than z.

    Jumps leave what the drift takes back of their mean growth: the law without a jump lies there.
    """
    slope = 0j
    if model.has_variance:
        mean = values["initial_variance"] + values["mean_reversion"] * values["long_run_variance"] * years
        rho = values["spot_vol_correlation"]
        slope -= mean / values["vol_of_vol"] * complex(math.sqrt(1 - rho * rho), rho)
    if model.has_jumps:
        growth = growth_of_a_jump(values["jump_mean"], values["jump_vol"])
        slope -= 1j * values["jump_intensity"] * years * growth
    return slope


def heston(z: Operand, squares: Operand, own: Leaves, years: Operand) -> Operand:
    """C + v0 B, with squares = z (z + i).

    With d = sqrt(b^2 + xi^2 squares) and b = kappa - i z rho xi, the usual (b - d) / xi^2 is -squares / (b + d), and
    1 - exp(-d T) is d T times a quotient that tends to 1: nothing cancels for a small xi or a short T.
    """
    kappa, theta, xi = own["mean_reversion"], own["long_run_variance"], own["vol_of_vol"]
    b = kappa - own["spot_vol_correlation"] * xi * (1j * z)
    d = sqrt(b * b + xi * xi * squares)
    x = d * years
    share = years * exponential_quotient(x)
    scaled = squares / (b + d)
    of_variance = -squares * share / (b * share + exp(-x) + 1.0)
    # 2 log((1 - r exp(-x)) / (1 - r)) / xi^2, where r = (b - d) / (b + d)
    logarithm = scaled * share * logarithmic_quotient(-0.5 * xi * xi * scaled * share)
    return own["initial_variance"] * of_variance - kappa * theta * (scaled * years - logarithm)


def jumps(z: Operand, own: Leaves, years: Operand) -> Operand:
    """Jumps at the times of a Poisson process, with normal logarithms, whose mean growth the drift takes back."""
    mean, variance = own["jump_mean"], own["jump_vol"] * own["jump_vol"]
    jumped = exp(mean * (1j * z) - variance * (0.5 * z * z))
    growth = exp(mean + 0.5 * variance) - 1.0
    return own["jump_intensity"] * years * (jumped - 1.0 - growth * (1j * z))
