"""Prices of many European options under one model, and their slopes in its parameters, by arrays over quotes.

The forward is the unit of money. All strikes of an expiry share the characteristic function along one line.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from greeks_cli.analytic.characteristic import log_characteristic
from greeks_cli.terms.markets.models import Model

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_SCAN = np.linspace(0.0, 30.0, 61)
_GONE = 37.0
"""The logarithm of the largest value over one that no longer counts."""
_RELATIVE_STEP = 1e-4


class SmilePrices:
    """Prices of options out of the money, over the forward."""

    def __init__(self, model: Model, expiries: Sequence[float], moneyness: Sequence[float], n_nodes: int):
        """``moneyness`` is the logarithm of strike over forward."""
        self._model, self._n_nodes = model, n_nodes
        years, self._expiry = np.unique(np.asarray(expiries, float), return_inverse=True)
        self._years = years[:, None]
        self._k = np.asarray(moneyness, float)
        self._intrinsic = np.minimum(1.0, np.exp(self._k))

    def prices(self, values: Mapping[str, float]) -> Array:
        """The prices with some values of the parameters."""
        z, shares = self._places(values)
        return self._intrinsic - self._integrated(np.exp(self._log(z, values)) * shares, z)

    def slopes(self, values: Mapping[str, float], names: Sequence[str]) -> Array:
        """The derivatives of the prices in some parameters, shape (n_quotes, n_names).

        Only the logarithm of the characteristic function is differentiated by differences; it is smooth.
        """
        z, shares = self._places(values)
        weighted = np.exp(self._log(z, values)) * shares
        columns = []
        for name in names:
            step = _RELATIVE_STEP * (abs(values[name]) or 1.0)
            up, down = (self._log(z, {**values, name: values[name] + shift}) for shift in (step, -step))
            columns.append(-self._integrated(weighted * (up - down) / (2 * step), z))
        return np.stack(columns, axis=1)

    def _log(self, z: Complex, values: Mapping[str, float]) -> Complex:
        variance = 0.0 if self._model.has_variance else values["vol"] ** 2 * self._years
        return log_characteristic(self._model, z, values, self._years, variance)

    def _places(self, values: Mapping[str, float]) -> tuple[Complex, Complex]:
        """Places on the line Im z = -1/2 for each expiry, as far as the integrand counts, and their shares.

        The share of a place holds dz / (z (z + i)) = 2 dt / cosh(t) for z = -i/2 + sinh(t)/2.
        """
        scanned = self._log(np.broadcast_to(0.5 * np.sinh(_SCAN) - 0.5j, (len(self._years), len(_SCAN))), values).real
        counts = scanned - np.log(np.cosh(_SCAN)) > -_GONE
        ends = np.minimum(len(_SCAN) - 1, len(_SCAN) - np.argmax(counts[:, ::-1], axis=1))
        step = _SCAN[ends][:, None] / self._n_nodes
        t = (np.arange(self._n_nodes) + 0.5) * step
        return 0.5 * np.sinh(t) - 0.5j, (2 * step / np.cosh(t)).astype(complex)

    def _integrated(self, terms: Complex, z: Complex) -> Array:
        """K/pi times the integral of terms exp(-i z k), over the forward."""
        turned = np.exp(-1j * z[self._expiry] * self._k[:, None])
        return np.exp(self._k) / np.pi * np.einsum("qn,qn->q", terms[self._expiry], turned).real
