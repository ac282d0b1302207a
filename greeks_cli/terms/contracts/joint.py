"""Contracts on several underlyings at expiry."""

from collections.abc import Collection, Hashable, Mapping
from math import isclose
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from greeks_cli.terms.contracts.contract import Contract, OptionType
from greeks_cli.terms.contracts.exercise import Exercisable
from greeks_cli.terms.contracts.fixings import Prices, read_numbers
from greeks_cli.terms.contracts.path_dependent import AVERAGE, Average
from greeks_cli.terms.contracts.vanillas import STRIKE, TYPE
from greeks_cli.terms.fields import Number, Price
from greeks_cli.terms.nodes import node_name
from greeks_cli.terms.underlyings import names_of

Numbers = Annotated[tuple[Number, ...], BeforeValidator(read_numbers)]
Names = Annotated[tuple[str, ...], BeforeValidator(names_of)]
WEIGHTS: Any = Field(
    (),
    description="weight of each underlying, or under rainbow of each rank, best first, such as 0.5,0.3,0.2 "
    "[default: equal, their sum 1]",
)
INITIAL_LEVELS: Any = Field(
    (),
    description="price by which each underlying is divided, such as 100,90 "
    "[default: 1, the spots today for autocallable and phoenix]",
)
UNDERLYINGS: Any = Field(
    (), description="underlyings of the contract in its order, such as A,B [default: those of the market]"
)
INITIAL_LEVEL = "initial_level"
"""The parameter of an initial level."""


class JointContract(Contract):
    """A payment that depends on several underlyings, by their names in the order of the contract."""

    least: ClassVar[int] = 2
    """The least number of underlyings; with 1, a contract may be on one that has no name."""

    example_market: ClassVar[Mapping[str, object]] = {
        "underlying": {"A": {"spot": 100, "vol": 0.2}, "B": {"spot": 95, "vol": 0.3, "dividend_yield": 0.02}},
        "correlation": 0.5,
        "rate": 0.03,
    }
    """A market for ``example``."""

    watched_place: ClassVar[int | None] = None
    """The place of the underlying whose spot is compared with a barrier; None where none is."""

    underlyings: Names = UNDERLYINGS

    @model_validator(mode="after")
    def _one_number_each(self) -> Self:
        if len(self.underlyings) < self.least and self.least > 1:
            raise ValueError(
                "it has several underlyings; give the market of each, such as --underlying A:spot=100,vol=0.2"
            )
        for name in ("weights", "initial_levels"):
            given = getattr(self, name, ())
            if given and len(given) != max(1, len(self.underlyings)):
                named = f"the underlyings are {self.listed}" if self.underlyings else "there is one underlying"
                count = "one number" if len(given) == 1 else f"{len(given)} numbers"
                raise ValueError(f"{name} has {count}, and {named}; give one for each")
        return self

    @property
    def listed(self) -> str:
        """The underlyings in words."""
        return ", ".join(self.underlyings)

    @property
    def several_kinks(self) -> bool:
        return True


class Leveled(JointContract):
    """A contract on prices, or on prices over initial levels."""

    levels_are_spots: ClassVar[bool] = False
    """True if initial levels that are not given are the spots of today."""

    initial_levels: Prices = INITIAL_LEVELS

    @classmethod
    def completed(cls, terms: Mapping[str, Any], spots: Mapping[str, float]) -> Mapping[str, Any]:
        if not cls.levels_are_spots or terms.get("initial_levels"):
            return terms
        return {**terms, "initial_levels": tuple(spots.values())}

    @property
    def levels(self) -> tuple[float, ...]:
        """The number by which each underlying is divided."""
        return self.initial_levels or (1.0,) * len(self.level_names)

    @property
    def level_names(self) -> tuple[str, ...]:
        """The name of each initial level as a parameter."""
        return tuple(node_name(INITIAL_LEVEL, name) for name in self.underlyings) or (INITIAL_LEVEL,)

    @property
    def values(self) -> Mapping[str, float]:
        given = zip(self.level_names, self.initial_levels, strict=True) if self.initial_levels else ()
        return {**super().values, **dict(given)}

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), bool(self.initial_levels)

    def but_for(self, names: Collection[str]) -> str:
        return super().but_for({*names, "initial_levels"})


class Option(Leveled, Exercisable):
    """A call or a put with a strike."""

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 100}

    type: OptionType = TYPE
    strike: Price = STRIKE

    @property
    def sold(self) -> str:
        """The option in words."""
        return f"{self.type} on {self.listed}, strike {self.strike:g}"


class Basket(Option):
    """Pays max(sum of weights times prices - K, 0) for a call, or the product of powers for the geometric average."""

    kind: Literal["basket"] = "basket"
    weights: Numbers = WEIGHTS
    average: Average = AVERAGE

    @property
    def shares(self) -> tuple[float, ...]:
        """The weight of each underlying."""
        return self.weights or (1 / len(self.underlyings),) * len(self.underlyings)

    @property
    def control(self) -> Contract | None:
        """The geometric average, where the arithmetic one has positive weights that add up to 1."""
        is_mean = min(self.shares) > 0 and isclose(sum(self.shares), 1, rel_tol=1e-9)
        if self.average is Average.GEOMETRIC or self.is_early or not is_mean:
            return None
        return self.model_copy(update={"average": Average.GEOMETRIC})

    @property
    def several_kinks(self) -> bool:
        return False

    def describe(self) -> str:
        return self.with_rights(f"{self.average} basket {self.sold}")


class BestOf(Option):
    """Pays max(largest price - K, 0) for a call, max(K - largest price, 0) for a put."""

    kind: Literal["best-of"] = "best-of"

    @property
    def tangled_kinks(self) -> bool:
        return True

    def describe(self) -> str:
        return self.with_rights(f"best-of {self.sold}")


class WorstOf(Option):
    """Pays max(least price - K, 0) for a call, max(K - least price, 0) for a put."""

    kind: Literal["worst-of"] = "worst-of"

    @property
    def tangled_kinks(self) -> bool:
        return True

    def describe(self) -> str:
        return self.with_rights(f"worst-of {self.sold}")


class Rainbow(Option):
    """Pays max(sum of weights times prices, sorted from the best to the worst, - K, 0) for a call."""

    kind: Literal["rainbow"] = "rainbow"
    weights: Numbers = WEIGHTS

    @property
    def shares(self) -> tuple[float, ...]:
        """The weight of each rank, the best first."""
        return self.weights or (1 / len(self.underlyings),) * len(self.underlyings)

    @property
    def tangled_kinks(self) -> bool:
        return True

    def describe(self) -> str:
        return self.with_rights(f"rainbow {self.sold}, weights {', '.join(f'{share:g}' for share in self.shares)}")


class OfTwo(JointContract):
    """A contract on two underlyings."""

    @model_validator(mode="after")
    def _is_of_two(self) -> Self:
        if len(self.underlyings) > 2:
            raise ValueError(f"it is on two underlyings, and {len(self.underlyings)} are given; name them, such as A,B")
        return self

    @property
    def several_kinks(self) -> bool:
        return False


class Spread(OfTwo, Exercisable):
    """Pays max(A - B - K, 0) for a call, max(K - A + B, 0) for a put; the strike may be 0 or negative."""

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 5}

    kind: Literal["spread"] = "spread"
    type: OptionType = TYPE
    strike: Number = Field(ge=-1e12, le=1e12, description="price at which the option is exercised")

    def describe(self) -> str:
        return self.with_rights(f"spread {self.type} on {' - '.join(self.underlyings)}, strike {self.strike:g}")


class Exchange(OfTwo, Exercisable):
    """Pays max(A - B, 0): the right to give B for A."""

    kind: Literal["exchange"] = "exchange"

    def describe(self) -> str:
        return self.with_rights(f"exchange of {self.underlyings[1]} for {self.underlyings[0]}")
