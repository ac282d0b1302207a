"""Random programs of calls on rows of paths, on arrays of few dates, and on arrays of many dates."""

import operator

import numpy as np

from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.functions import as_type, recurrence, rows_at, rows_put
from greeks_cli.engine.compiler.ir import ROW, Shape

_ELEMENTWISE = (np.add, np.subtract, np.multiply, np.maximum, np.minimum)
_BINARY = (*_ELEMENTWISE, np.divide, np.copysign)
_UNARY = (
    np.negative,
    np.square,
    np.absolute,
    np.exp,
    np.sqrt,
    np.log,
    np.log1p,
    np.sin,
    np.cos,
    np.floor,
)
_COMPARISONS = (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)


class _Random:
    """Random calls; each method ``_call_...`` of a class makes some."""

    def __init__(self, seed):
        self._draw, self.builder = np.random.default_rng(seed), Builder()

    def _make(self, n_calls):
        kinds = [one for name, one in sorted(vars(type(self)).items()) if name.startswith("_call_")]
        for _ in range(n_calls):
            kinds[self._draw.integers(len(kinds))](self)

    def _call(self, function, *arguments, **keywords):
        return self.builder.call(function, arguments, keywords)

    def _constant(self, value):
        return self.builder.constant(value)

    def _one_of(self, functions):
        return functions[self._draw.integers(len(functions))]

    def _taken(self, slot, place):
        return self._call(operator.getitem, slot, self._constant(place))


class Rows(_Random):
    """Random elementwise calls on rows of paths, and on numbers of trades."""

    def __init__(self, seed, constants=()):
        """``constants`` are taken beside single numbers, such as columns with a number for each trade."""
        super().__init__(seed)
        self._rows = [self.builder.source(name) for name in ("x", "y")]
        self._conditions = [self._call(np.greater, *self._rows)]
        self._numbers = [self._constant(one) for one in (*map(float, self._draw.uniform(0.5, 2, 4)), *constants)]

    def program(self, n_calls=60):
        """The program of as many calls, all of which are results."""
        self._make(n_calls)
        return self.builder.program({f"r{i}": slot for i, slot in enumerate(self._rows[2:])})

    def _any(self):
        return self._draw.choice(self._rows)

    def _positive(self):
        size = self._call(np.minimum, self._call(np.absolute, self._any()), self._constant(3.0))
        return self._call(np.add, size, self._constant(0.1))

    def _call_unary(self):
        self._rows.append(self._call(self._one_of(_UNARY), self._positive()))

    def _call_binary(self):
        bounded = self._call(np.minimum, self._any(), self._constant(3.0))
        other = self._draw.choice([*self._rows, *self._numbers])
        self._rows.append(self._call(self._one_of(_BINARY), bounded, other))

    def _call_comparison(self):
        other = self._draw.choice([*self._rows, *self._numbers])
        self._conditions.append(self._call(self._one_of(_COMPARISONS), self._any(), other))

    def _call_logic(self):
        one, other = self._draw.choice(self._conditions, 2)
        self._conditions.append(self._call(self._one_of((np.logical_and, np.logical_or)), one, other))
        self._conditions.append(self._call(np.logical_not, one))

    def _call_where(self):
        condition = self._draw.choice(self._conditions)
        self._rows.append(self._call(np.where, condition, self._any(), self._any()))
        self._rows.append(self._call(as_type, condition, self._constant(np.dtype(float))))


class FewDates(_Random):
    """Random calls on arrays of few dates, and on their rows."""

    def __init__(self, seed, n_dates=3):
        super().__init__(seed)
        self._n = n_dates
        self._rows, self._dated = [self.builder.source("x")], [self.builder.source("dates")]

    def program(self, n_calls=50):
        """The program of as many calls, all of which are results."""
        self._make(n_calls)
        return self.builder.program({f"r{i}": slot for i, slot in enumerate([*self._rows[1:], *self._dated[1:]])})

    def _any(self):
        return self._call(np.sin, self._draw.choice(self._dated))

    def _row(self):
        return self._draw.choice(self._rows)

    def _call_elementwise(self):
        other = self._draw.choice([*self._dated, *self._rows])
        self._dated.append(self._call(self._one_of(_ELEMENTWISE), self._any(), other))

    def _call_summed(self):
        self._rows.append(self._call(np.sum, self._any(), axis=0))
        self._dated.append(self._call(np.cumsum, self._any(), axis=0))

    def _call_products(self):
        weights = self._constant(self._draw.uniform(size=self._n))
        self._rows.append(self._call(np.einsum, self._constant("t,tn->n"), weights, self._any()))
        self._rows.append(self._call(np.einsum, self._constant("tn,tn->n"), self._any(), self._any()))

    def _call_taken(self):
        self._rows.append(self._taken(self._any(), int(self._draw.integers(-self._n, self._n))))

    def _call_shifted(self):
        later = self._taken(self._any(), slice(1, None))
        self._dated.append(self._call(np.pad, later, self._constant(((1, 0), (0, 0)))))

    def _call_joined(self):
        parts = self._taken(self._any(), slice(1, None)), self._taken(self._any(), slice(0, 1))
        self._dated.append(self._call(np.concatenate, parts))

    def _call_split(self):
        cut = self._constant([1])
        for function in (np.split, np.array_split):
            parts = self._call(function, self._any(), cut, axis=0)
            self._rows.append(self._call(np.squeeze, self._taken(parts, 0), axis=0))

    def _call_stacked(self):
        self._dated.append(self._call(np.stack, tuple(self._row() for _ in range(self._n))))
        one = self._call(np.expand_dims, self._row(), axis=0)
        self._dated.append(self._call(np.multiply, one, self._any()))

    def _call_reshaped(self):
        shape = Shape((1, None), is_broadcast=False)
        one = self._call(np.reshape, self._row(), self._constant(shape))
        self._dated.append(self._call(np.add, one, self._any()))

    def _call_broadcast(self):
        self._rows.append(self._call(np.broadcast_to, self._constant(float(self._draw.uniform())), self._constant(ROW)))


class Dated(_Random):
    """Random calls on arrays that all have some number of dates."""

    def __init__(self, seed, n_dates):
        super().__init__(seed)
        self._n = n_dates
        self._dated = [self.builder.source(name) for name in ("dates", "others")]
        self._rows = [self.builder.source("x")]
        self.results = []

    def program(self, n_calls=40):
        """The program of as many calls, and of sums of all that they make."""
        self._make(n_calls)
        results = dict(enumerate([*self._rows[1:], *self._dated[-3:]]))
        return self.builder.program(results)

    def _any(self):
        return self._draw.choice(self._dated)

    def _bounded(self, slot):
        """Numbers that stay of the order of one."""
        return self._call(np.sin, slot)

    def _call_elementwise(self):
        other = self._draw.choice([*self._dated, *self._rows])
        self._dated.append(self._call(self._one_of(_ELEMENTWISE), self._any(), other))

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

    def _call_extremes(self):
        self._rows += [self._call(function, self._any(), axis=0) for function in (np.max, np.min)]

    def _call_product(self):
        small = self._call(np.multiply, self._bounded(self._any()), self._constant(0.1))
        factors = self._call(np.add, small, self._constant(1.0))
        self._rows.append(self._call(np.prod, factors, axis=0))
        self._dated.append(self._call(np.cumprod, factors, axis=0))

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
