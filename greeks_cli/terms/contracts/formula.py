"""Contracts whose payoffs are typed as formulas, such as ``max(mean(S) - K, 0)``."""

import ast
import re
from bisect import bisect_left
from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from greeks_cli.terms.contracts.fixings import PAST_FIXINGS, Fixed, Prices
from greeks_cli.terms.contracts.joint import UNDERLYINGS, Names
from greeks_cli.terms.contracts.path_exercise import ExercisableOnPath
from greeks_cli.terms.fields import Number
from greeks_cli.terms.formulas.choices import folded, is_guarded, is_open, is_tangled, jumps, meets_choices
from greeks_cli.terms.formulas.grammar import RESERVED, parse_formula
from greeks_cli.terms.formulas.lifting import lifted
from greeks_cli.terms.formulas.observed import with_past
from greeks_cli.terms.formulas.opened import NUMBER, decides_by_numbers, opened
from greeks_cli.terms.formulas.payments import SAME, Fixings, payment_times


def read_parameters(value: object) -> object:
    """Parameters from ``["K=100"]`` or a table."""
    if not isinstance(value, list | tuple):
        return value
    pairs = [str(item).partition("=") for item in value]
    if bad := [name for name, equals, _ in pairs if not equals]:
        raise ValueError(f"'{bad[0]}' is not a parameter; write K=100")
    names = [name.strip() for name, _, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"param {twice[0]} is given twice")
    return dict(zip(names, (number for _, _, number in pairs), strict=True))


class Formula(ExercisableOnPath, Fixed):
    """Pays the value of a formula of the underlying ``S`` at the fixings, or of several underlyings by their names.

    The payment is at expiry; ``pay(0.5, x)`` is one of x in half a year. On exercise before expiry, ``S`` are the
    fixings so far, and the price on that day as the last of them where the contract's last fixing is at expiry.
    """

    schedule: ClassVar[frozenset[str]] = Fixed.schedule | ExercisableOnPath.schedule
    example: ClassVar[Mapping[str, object]] = {"payoff": "max(mean(S) - K, 0)", "param": {"K": 100}, "fixings": 4}
    observations: ClassVar[tuple[str, ...]] = ("past_fixings",)
    usual_fixings: ClassVar[int] = 1

    @classmethod
    def completed(cls, terms: Mapping[str, Any], spots: Mapping[str, float]) -> Mapping[str, Any]:
        """The fields with today's spot of an underlying A as the parameter ``A0``, where the payoff reads it."""
        words = set(re.findall(r"\w+", str(terms.get("payoff", ""))))
        try:
            given = read_parameters(terms.get("param") or {})
        except ValueError:  # the field reports it
            return terms
        wanted = {f"{name}0": spot for name, spot in spots.items() if f"{name}0" in words - spots.keys()}
        if not wanted or not isinstance(given, Mapping):
            return terms
        return {**terms, "param": {**wanted, **given}}

    kind: Literal["formula"] = "formula"
    underlyings: Names = UNDERLYINGS
    payoff: str = Field(
        description="payoff typed as a formula of S, such as max(mean(S) - K, 0), or of several underlyings"
    )
    param: Annotated[Mapping[str, Number], BeforeValidator(read_parameters)] = Field(
        default={}, description="parameter of the formula, such as K=100; repeatable; d(K) is a Greek"
    )
    past_fixings: Prices = PAST_FIXINGS
    recorded: ClassVar[frozenset[str]] = frozenset({"past_fixings"})

    @model_validator(mode="after")
    def _formula_is_valid(self) -> Self:
        reserved = {*RESERVED, *self.underlyings}
        for name in self.param:
            if not name.isidentifier() or name in reserved:
                raise ValueError(
                    f"param '{name}' cannot be a name; use letters, and none of {', '.join(sorted(reserved))}"
                )
        if self.underlyings and self.past_fixings:
            raise ValueError(
                "past_fixings are those of one underlying; leave them out, or write their values as numbers"
            )
        if bad := [name for name in self.underlyings if name in RESERVED]:
            raise ValueError(f"underlying {bad[0]} has a name that formulas use themselves; give it another")
        parse_formula(self.payoff, self.param, self._fixings)
        if self.is_early and self._form.pays:
            raise ValueError("pay() before expiry and early exercise exclude each other; leave out one of them")
        return self

    def n_told(self, time: float) -> int:
        """The number of fixings that S has on exercise at a time."""
        fixed = sum(fixing <= time * (1 + SAME) for fixing in self.times)
        is_fixing = any(abs(fixing - time) <= SAME * time for fixing in self.times)
        return len(self.past_fixings) + fixed + (self.times[-1] == self.expiry and not is_fixing)

    def tells(self, time: float) -> bool:
        indices = [int(ast.literal_eval(part.slice)) for part in ast.walk(self.tree) if isinstance(part, ast.Subscript)]
        return self.n_told(time) >= max((index + 1 if index >= 0 else -index for index in indices), default=1)

    @property
    def _fixings(self) -> Fixings:
        past = (0.0,) * len(self.past_fixings)
        return Fixings((*past, *self.times[: self.n_to_come]), self.expiry, self.underlyings)

    @property
    def dates(self) -> tuple[float, ...]:
        fixed = super().dates
        others = (time for time in self._form.pays if not any(abs(time - date) <= SAME * date for date in fixed))
        return tuple(sorted({*fixed, *others}))

    def place(self, time: float) -> int:
        """The place of a time among the dates."""
        return _place(self.dates, time)

    @property
    def places(self) -> tuple[int, ...]:
        """The places of the fixings to come among the dates."""
        dates = self.dates
        return tuple(_place(dates, time) for time in self.times if time > 0)

    @property
    def n_to_come(self) -> int:
        """The number of fixings that are not past, today's included: S has them after the past ones."""
        return 0 if self.has_expired and self.past_fixings else len(self.times)

    @property
    def needs_path(self) -> bool:
        return not self.past_fixings and self.times != (self.expiry,)  # the spot is the only fixing

    @property
    def tree(self) -> ast.expr:
        """The formula, with its choices lifted out of comparisons and functions where it jumps."""
        return self._form.tree

    @property
    def open_tree(self) -> ast.expr:
        """The formula, with the names of ``observed`` in place of numbers that are combined with fixings."""
        return self._form.open_tree

    @property
    def observed(self) -> Mapping[str, float]:
        return {NUMBER.format(place): number for place, number in enumerate(self._form.numbers)}

    @property
    def _form(self) -> "_Form":
        past = () if self.is_early else self.past_fixings  # early exercise counts them by date
        return _form_of(self.payoff, tuple(self.param.items()), past, self._fixings)

    @property
    def values(self) -> Mapping[str, float]:
        return dict(self.param)

    @property
    def always_defined(self) -> bool:
        return False

    @property
    def folds_parameters(self) -> bool:
        return True

    @property
    def open_values(self) -> Mapping[str, float]:
        return {} if self._form.decides else self.values

    def structure(self, spot: float) -> Hashable:
        places = self.places, tuple(map(self.place, self._form.pays))
        return (
            super().structure(spot),
            self._form.key,
            places,
            tuple(self.param) if self.open_values else repr(self.param),
            self.past_fixings if self.is_early else (),
        )

    def but_for(self, names: Collection[str]) -> str:
        return super().but_for({*names, "param"})

    @property
    def jumps(self) -> bool:
        return self._form.jumps

    @property
    def tangled_kinks(self) -> bool:
        return self._form.is_tangled

    @property
    def several_kinks(self) -> bool:
        return self._form.is_several

    @property
    def guards(self) -> bool:
        return self._form.is_guarded

    def describe(self) -> str:
        fixed = "" if len(self.times) == 1 else f", {self.counted}"
        fixed += f", {len(self.past_fixings)} past" if self.past_fixings else ""
        named = "".join(f", {name} {value:g}" for name, value in self.param.items())
        of = f" of {', '.join(self.underlyings)}" if self.underlyings else ""
        return self.with_rights(f"formula {self.payoff}{of}{named}{fixed}")

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


class _Form(NamedTuple):
    """The tree of a formula and what is to be known of its kinks."""

    tree: ast.expr
    open_tree: ast.expr
    numbers: tuple[float, ...]
    pays: tuple[float, ...]
    """The times of payments before expiry."""
    is_tangled: bool
    is_several: bool
    is_guarded: bool
    jumps: bool
    decides: bool
    """True if the values of parameters decide among formulas."""

    @property
    def key(self) -> Hashable:
        """Equal for forms that are computed alike: the signs of parameters have a part in it."""
        return (ast.dump(self.open_tree), *self[4:])


def _place(dates: Sequence[float], time: float) -> int:
    """The place of the date nearest to a time."""
    after = bisect_left(dates, time)
    near = range(max(0, after - 1), min(len(dates), after + 1))
    return min(near, key=lambda k: abs(dates[k] - time))


@lru_cache(256)
def _form_of(text: str, param: tuple[tuple[str, float], ...], past: tuple[float, ...], fixings: Fixings) -> _Form:
    values = dict(param)
    parsed = parse_formula(text, values, fixings)
    tree = folded(with_past(parsed, past, len(fixings.times) - len(past), values), values)
    hidden, guarded = is_open(tree, values), is_guarded(tree, values)
    tangled = is_tangled(tree)
    if hidden or (tangled and jumps(tree, values)):
        rewritten = lifted(tree)
        if not is_tangled(rewritten) and is_guarded(rewritten, values) <= guarded:
            tree, tangled, hidden = rewritten, False, is_open(rewritten, values)
    flags = tangled, meets_choices(tree), guarded or hidden, jumps(tree, values) or hidden, decides_by_numbers(tree)
    return _Form(tree, *opened(tree), payment_times(tree), *flags)
