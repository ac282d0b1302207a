"""Contracts whose payoffs are typed as formulas, such as ``max(mean(S) - K, 0)``."""

import ast
from collections.abc import Collection, Hashable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from greeks_cli.terms.choices import folded, is_guarded, is_tangled, jumps, meets_choices
from greeks_cli.terms.fields import Number
from greeks_cli.terms.fixings import PAST_FIXINGS, Fixed, Prices
from greeks_cli.terms.formula_grammar import FUNCTIONS, parse_formula
from greeks_cli.terms.greek import MARKET_PARAMETERS, TIME
from greeks_cli.terms.joint_contracts import UNDERLYINGS, Names
from greeks_cli.terms.lifting import lifted
from greeks_cli.terms.observed import is_settled, with_past
from greeks_cli.terms.payments import PAY, SAME, Fixings, payment_times

_RESERVED = {"S", PAY, *FUNCTIONS, *MARKET_PARAMETERS, TIME}


def decides_by_numbers(tree: ast.expr) -> bool:
    """True if a formula compares, bends or raises parameters alone; their values are then part of its structure."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                operands = [is_settled(operand) for operand in (left, *others)]
                if any(one and other for one, other in pairwise(operands)):
                    return True
            case ast.Call(func=ast.Name(id="min" | "max"), args=arguments) if sum(map(is_settled, arguments)) > 1:
                return True
            case ast.Call(func=ast.Name(id="abs"), args=[argument]) if is_settled(argument):
                return True
            case ast.BinOp(op=ast.Pow(), left=base) if is_settled(base):
                return True
    return False


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


class Formula(Fixed):
    """Pays the value of a formula of the underlying at the fixings."""

    example: ClassVar[Mapping[str, object]] = {"payoff": "max(mean(S) - K, 0)", "param": {"K": 100}, "fixings": 4}
    observations: ClassVar[tuple[str, ...]] = ("past_fixings",)
    usual_fixings: ClassVar[int] = 1

    kind: Literal["formula"] = "formula"
    underlyings: Names = UNDERLYINGS
    payoff: str = Field(
        description="payoff typed as a formula of S, such as max(mean(S) - K, 0), or of several underlyings"
    )
    param: Annotated[Mapping[str, Number], BeforeValidator(read_parameters)] = Field(
        default={}, description="parameter of the formula, such as K=100; repeatable; d(K) is a Greek"
    )
    past_fixings: Prices = PAST_FIXINGS

    @model_validator(mode="after")
    def _formula_is_valid(self) -> Self:
        reserved = {*_RESERVED, *self.underlyings}
        for name in self.param:
            if not name.isidentifier() or name in reserved:
                raise ValueError(
                    f"param '{name}' cannot be a name; use letters, and none of {', '.join(sorted(reserved))}"
                )
        if self.underlyings and self.past_fixings:
            raise ValueError(
                "past_fixings are those of one underlying; leave them out, or write their values as numbers"
            )
        if bad := [name for name in self.underlyings if name in _RESERVED]:
            raise ValueError(f"underlying {bad[0]} has a name that formulas use themselves; give it another")
        parse_formula(self.payoff, self.param, self._fixings)
        return self

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
        return min(range(len(self.dates)), key=lambda k: abs(self.dates[k] - time))

    @property
    def places(self) -> tuple[int, ...]:
        """The places of the fixings to come among the dates."""
        return tuple(self.place(time) for time in self.times if time > 0)

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
    def _form(self) -> "_Form":
        return _form_of(self.payoff, tuple(self.param.items()), self.past_fixings, self._fixings)

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
        return {} if decides_by_numbers(self.tree) else self.values

    def structure(self, spot: float) -> Hashable:
        places = self.places, tuple(map(self.place, self._form.pays))
        return (
            super().structure(spot),
            self._form.key,
            places,
            tuple(self.param) if self.open_values else repr(self.param),
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
        return f"formula {self.payoff}{of}{named}{fixed}"

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


class _Form(NamedTuple):
    """The tree of a formula and what is to be known of its kinks."""

    tree: ast.expr
    is_tangled: bool
    is_several: bool
    is_guarded: bool
    jumps: bool
    pays: tuple[float, ...]
    """The times of payments before expiry."""

    @property
    def key(self) -> Hashable:
        """Equal for forms that are computed alike: the signs of parameters have a part in it."""
        return (ast.dump(self.tree), *self[1:-1])


@lru_cache(256)
def _form_of(text: str, param: tuple[tuple[str, float], ...], past: tuple[float, ...], fixings: Fixings) -> _Form:
    values = dict(param)
    parsed = parse_formula(text, values, fixings)
    tree = folded(with_past(parsed, past, len(fixings.times) - len(past), values), values)
    tangled, guarded = is_tangled(tree), is_guarded(tree, values)
    if tangled and jumps(tree, values):
        rewritten = lifted(tree)
        if not is_tangled(rewritten) and is_guarded(rewritten, values) <= guarded:
            tree, tangled = rewritten, False
    return _Form(tree, tangled, meets_choices(tree), guarded, jumps(tree, values), payment_times(tree))
