"""exp, log, log1p, sin and cos in LLVM's intermediate representation, of eight numbers: equal on every processor.

Each is a polynomial after the reduction of its argument, with an error of about one unit in the last place. Infinities
and NaN give what C's functions give. The reductions are those of fdlibm (Sun Microsystems, 1993), with fused
multiplications.
"""

import struct
from collections.abc import Callable, Sequence
from math import factorial, inf, log2, nan, pi
from typing import Any, Final

import numpy as np

New = Callable[[str], str]
"""Prints an instruction, and returns the name of its result."""

_WIDE = "<8 x double>"
_LOG2_E, _LN2_HIGH, _LN2_LOW = log2(2.718281828459045), 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""The high part of log 2 has so few bits that its products with exponents are exact."""
_HALF_PI = (pi / 2, 6.123233995736766e-17, -1.4973849048591833e-33)
"""Half of pi as a sum of three numbers."""
_LARGEST_ANGLE = 2.0**30
_ROUNDING = 1.5 * 2.0**52
"""Added and subtracted, rounds to an integer, which the lowest bits of the sum are."""
_ROUNDING_BITS = 0x4338000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_EXP_DEGREE, _SINE_TERMS = 13, 9
_LOGARITHM = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
"""fdlibm's coefficients: log(1 + f) = f - f^2/2 + s (f^2/2 + R), where s = f/(2 + f) and R is a polynomial of s^2."""


def wide_number(value: float, kind: str = "double") -> str:
    """A number on eight lanes; one of 32 bits has few digits."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    return f"splat ({kind} 0x{bits:016X})"


def _fma(new: New, a: str, b: str, c: str) -> str:
    return new(f"call {_WIDE} @llvm.fma.v8f64({_WIDE} {a}, {_WIDE} {b}, {_WIDE} {c})")


def _select(new: New, condition: str, one: str, other: str) -> str:
    return new(f"select <8 x i1> {condition}, {_WIDE} {one}, {_WIDE} {other}")


def _bits(new: New, x: str) -> str:
    return new(f"bitcast {_WIDE} {x} to <8 x i64>")


def _number(new: New, bits: str) -> str:
    return new(f"bitcast <8 x i64> {bits} to {_WIDE}")


def _horner(new: New, x: str, coefficients: Sequence[float]) -> str:
    """The polynomial of some coefficients, the constant one first."""
    found = wide_number(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        found = _fma(new, found, x, wide_number(coefficient))
    return found


def exp(new: New, x: str) -> str:
    """exp(x) = 2^n exp(r), where r is at most log(2)/2; a result below 2^-1021 is 0."""
    above = new(f"fcmp ogt {_WIDE} {x}, {wide_number(710.0)}")
    least = new(f"fcmp olt {_WIDE} {x}, {wide_number(-1021 * _LN2_HIGH)}")
    bounded = _select(new, above, wide_number(710.0), x)
    shifted = _fma(new, bounded, wide_number(_LOG2_E), wide_number(_ROUNDING))
    n = new(f"fsub {_WIDE} {shifted}, {wide_number(_ROUNDING)}")
    r = _fma(new, n, wide_number(-_LN2_LOW), _fma(new, n, wide_number(-_LN2_HIGH), bounded))
    square = new(f"fmul {_WIDE} {r}, {r}")
    taylor = [1 / factorial(k) for k in range(2, _EXP_DEGREE + 1)]
    rest = _fma(new, _horner(new, square, taylor[1::2]), r, _horner(new, square, taylor[::2]))
    value = _fma(new, square, rest, r)
    # 2^n has two factors, 2^(n-1) and 2, for 2^1024 is no number.
    biased = new(f"add <8 x i64> {_bits(new, shifted)}, splat (i64 1022)")
    factor = _number(new, new(f"shl <8 x i64> {biased}, splat (i64 52)"))
    value = new(f"fmul {_WIDE} {_fma(new, value, factor, factor)}, {wide_number(2.0)}")
    return _select(new, least, "zeroinitializer", value)


def log(new: New, x: str) -> str:
    """log(x) = k log(2) + log(1 + f), where 1 + f is between the roots of 1/2 and 2."""
    is_small = new(f"fcmp olt {_WIDE} {x}, {wide_number(2.0**-1022)}")
    scaled = _select(new, is_small, new(f"fmul {_WIDE} {x}, {wide_number(2.0**54)}"), x)
    k, f, _ = _reduced(new, scaled)
    k = new(f"fsub {_WIDE} {k}, {_select(new, is_small, wide_number(54.0), 'zeroinitializer')}")
    return _at_the_ends(new, x, _logarithm(new, k, f))


def log1p(new: New, x: str) -> str:
    """log(1 + x); what the sum rounds off is added to f, times 2^-k."""
    total = new(f"fadd {_WIDE} {x}, {wide_number(1.0)}")
    rounded_off = new(f"fsub {_WIDE} {x}, {new(f'fsub {_WIDE} {total}, {wide_number(1.0)}')}")
    k, f, exponent = _reduced(new, total)
    power = new(f"shl <8 x i64> {new(f'sub <8 x i64> splat (i64 2046), {exponent}')}, splat (i64 52)")
    return _at_the_ends(new, total, _logarithm(new, k, _fma(new, rounded_off, _number(new, power), f)))


def _reduced(new: New, x: str) -> tuple[str, str, str]:
    """k and f of a positive normal number 2^k (1 + f), and k + 1023 as integers."""
    lifted = new(f"add <8 x i64> {_bits(new, x)}, splat (i64 {_ONE_BITS - _ROOT_HALF_BITS})")
    exponent = new(f"lshr <8 x i64> {lifted}, splat (i64 52)")
    high = _number(new, new(f"or <8 x i64> {exponent}, splat (i64 {_ROUNDING_BITS})"))
    k = new(f"fsub {_WIDE} {high}, {wide_number(_ROUNDING + 1023)}")
    mantissa = new(f"and <8 x i64> {lifted}, splat (i64 {(1 << 52) - 1})")
    m = _number(new, new(f"add <8 x i64> {mantissa}, splat (i64 {_ROOT_HALF_BITS})"))
    return k, new(f"fsub {_WIDE} {m}, {wide_number(1.0)}"), exponent


def _logarithm(new: New, k: str, f: str) -> str:
    """k log(2) + log(1 + f)."""
    s = new(f"fdiv {_WIDE} {f}, {new(f'fadd {_WIDE} {f}, {wide_number(2.0)}')}")
    z = new(f"fmul {_WIDE} {s}, {s}")
    half_square = new(f"fmul {_WIDE} {new(f'fmul {_WIDE} {f}, {f}')}, {wide_number(0.5)}")
    inner = _fma(new, z, _horner(new, z, _LOGARITHM), half_square)
    low = _fma(new, s, inner, new(f"fmul {_WIDE} {k}, {wide_number(_LN2_LOW)}"))
    rest = new(f"fsub {_WIDE} {new(f'fsub {_WIDE} {half_square}, {low}')}, {f}")
    return new(f"fsub {_WIDE} {new(f'fmul {_WIDE} {k}, {wide_number(_LN2_HIGH)}')}, {rest}")


def _at_the_ends(new: New, x: str, value: str) -> str:
    """The logarithm of x: ``value`` for positive numbers, else -inf at 0, inf, or NaN."""
    value = _select(new, new(f"fcmp ueq {_WIDE} {x}, {wide_number(inf)}"), x, value)
    value = _select(new, new(f"fcmp oeq {_WIDE} {x}, zeroinitializer"), wide_number(-inf), value)
    return _select(new, new(f"fcmp olt {_WIDE} {x}, zeroinitializer"), wide_number(nan), value)


def sin(new: New, x: str) -> str:
    """sin(x) by its remainder from multiples of pi/2; NaN beyond 2^30, where the remainder loses digits."""
    return _circular(new, x, 0)


def cos(new: New, x: str) -> str:
    """cos(x) = sin(x + pi/2)."""
    return _circular(new, x, 1)


def _circular(new: New, x: str, quarters: int) -> str:
    shifted = _fma(new, x, wide_number(2 / pi), wide_number(_ROUNDING))
    n = new(f"fsub {_WIDE} {shifted}, {wide_number(_ROUNDING)}")
    r = x
    for part in _HALF_PI:
        r = _fma(new, n, wide_number(-part), r)
    z = new(f"fmul {_WIDE} {r}, {r}")
    odd = _horner(new, z, [(-1) ** k / factorial(2 * k + 1) for k in range(1, _SINE_TERMS)])
    even = _horner(new, z, [(-1) ** k / factorial(2 * k) for k in range(1, _SINE_TERMS + 1)])
    sine = _fma(new, new(f"fmul {_WIDE} {r}, {z}"), odd, r)
    cosine = _fma(new, z, even, wide_number(1.0))
    quadrant = new(f"add <8 x i64> {_bits(new, shifted)}, splat (i64 {quarters})")
    is_odd = new(f"trunc <8 x i64> {quadrant} to <8 x i1>")
    value = _select(new, is_odd, cosine, sine)
    negated = new(f"shl <8 x i64> {new(f'and <8 x i64> {quadrant}, splat (i64 2)')}, splat (i64 62)")
    value = _number(new, new(f"xor <8 x i64> {_bits(new, value)}, {negated}"))
    size = new(f"call {_WIDE} @llvm.fabs.v8f64({_WIDE} {x})")
    return _select(new, new(f"fcmp ogt {_WIDE} {size}, {wide_number(_LARGEST_ANGLE)}"), wide_number(nan), value)


FUNCTIONS: Final[dict[Any, Callable[[New, str], str]]] = {
    np.exp: exp,
    np.log: log,
    np.log1p: log1p,
    np.sin: sin,
    np.cos: cos,
}
"""The elementary functions by NumPy's."""
