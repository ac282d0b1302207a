"""Random programs of calls on rows of paths, and on arrays of many dates."""

import operator

import numpy as np

from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.functions import recurrence, rows_at, rows_put

_ELEMENTWISE = (np.add, np.subtract, np.multiply, np.maximum, np.minimum)


class Dated:
    """Random calls on arrays that all have some number of dates."""

    def __init__(self, seed, n_dates):
        self._draw, self._n, self.builder = np.random.default_rng(seed), n_dates, Builder()
        self._dated = [self.builder.source(name) for name in ("dates", "others")]
        self._rows = [self.builder.source("x")]
        self.results = []

    def program(self, n_calls=40):
        """The program of as many calls, and of sums of all that they make."""
        kinds = [one for name, one in sorted(vars(Dated).items()) if name.startswith("_call_")]
        for _ in range(n_calls):
            kinds[self._draw.integers(len(kinds))](self)
        results = dict(enumerate([*self._rows[1:], *self._dated[-3:]]))
        return self.builder.program(results)

    def _call(self, function, *arguments, **keywords):
        return self.builder.call(function, arguments, keywords)

    def _any(self):
        return self._draw.choice(self._dated)

    def _constant(self, value):
        return self.builder.constant(value)

    def _bounded(self, slot):
        """Numbers that stay of the order of one."""
        return self._call(np.sin, slot)

    def _call_elementwise(self):
        function = _ELEMENTWISE[self._draw.integers(len(_ELEMENTWISE))]
        other = self._draw.choice([*self._dated, *self._rows])
        self._dated.append(self._call(function, self._any(), other))

    def _call_column(self):
        column = self._constant(self._draw.uniform(0.5, 1.5, (self._n, 1)))
        self._dated.append(self._call(np.multiply, column, self._draw.choice([*self._dated, *self._rows])))

    def _call_where(self):
        above = self._call(np.greater, self._any(), self._constant(0.1))
        self._dated.append(self._call(np.where, above, self._any(), self._any()))

    def _call_running(self):
        found = self._call(np.cumsum, self._bounded(self._any()), axis=0)
        self._dated.append(self._call(np.multiply, found, self._constant(1 / self._n)))

    def _call_summed(self):
        found = self._call(np.sum, self._bounded(self._any()), axis=0)
        self._rows.append(self._call(np.multiply, found, self._constant(1 / self._n)))

    def _call_products(self):
        weights = self._constant(self._draw.uniform(size=self._n) / self._n)
        self._rows.append(self._call(np.einsum, self._constant("t,tn->n"), weights, self._bounded(self._any())))
        pair = self._bounded(self._any()), self._bounded(self._any())
        self._rows.append(self._call(np.einsum, self._constant("tn,tn->n"), *pair))

    def _call_row(self):
        place = self._constant(int(self._draw.integers(-self._n, self._n)))
        self._rows.append(self._call(operator.getitem, self._any(), place))

    def _call_few(self):
        start = int(self._draw.integers(self._n - 5))
        few = self._call(operator.getitem, self._any(), self._constant(slice(start, start + 5)))
        self._rows.append(self._call(np.sum, few, axis=0))

    def _call_shifted(self):
        later = self._call(operator.getitem, self._any(), self._constant((slice(1, None),)))
        before = self._call(operator.getitem, self._any(), self._constant((slice(None, -1),)))
        change = self._call(np.subtract, later, before)
        width = self._constant(((1, 0), (0, 0)))
        self._dated.append(self._call(np.pad, change, width))

    def _call_joined(self):
        first = self._call(operator.getitem, self._any(), self._constant(slice(0, 1)))
        later = self._call(operator.getitem, self._any(), self._constant(slice(-1, 0, -1)))
        self._dated.append(self._call(np.concatenate, (first, later)))

    def _call_recurrence(self):
        factors, addends = self._bounded(self._any()), self._bounded(self._any())
        factors = self._call(np.multiply, factors, self._constant(0.5))
        self._dated.append(self._call(recurrence, factors, addends, self._constant(bool(self._draw.integers(2)))))

    def _call_places(self):
        places = self._constant(sorted(map(int, self._draw.choice(self._n, 3, replace=False))))
        few = self._call(rows_at, self._any(), places)
        self._dated.append(self._call(rows_put, few, places, self._constant(self._n)))
