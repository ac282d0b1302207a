"""Models of the underlying, and the parameters of each."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, expm1
from typing import Annotated, Any

from pydantic import Field

from greeks_cli.terms.fields import Fraction, Number, PerYear, Unit
from greeks_cli.terms.greek import JUMP_PARAMETERS, MODEL_PARAMETERS, VARIANCE_PARAMETERS
from greeks_cli.terms.nodes import Nodes


class Model(enum.StrEnum):
    """Law of the underlying."""

    GBM = "gbm"
    MERTON = "merton"
    HESTON = "heston"
    BATES = "bates"
    LOCAL_VOL = "local-vol"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the model's parameters, beside those of the forward."""
        return _PARAMETERS[self]

    @property
    def has_variance(self) -> bool:
        """True if variance is a process of its own."""
        return "initial_variance" in self.parameters

    @property
    def is_conditional(self) -> bool:
        """True if increments of the logarithm are normal given the variance and the jumps.

        Else the price itself moves on time steps.
        """
        return self is not Model.LOCAL_VOL

    @property
    def has_jumps(self) -> bool:
        """True if the price jumps at random times."""
        return "jump_intensity" in self.parameters


_PARAMETERS = {
    Model.GBM: ("vol",),
    Model.MERTON: ("vol", *JUMP_PARAMETERS),
    Model.HESTON: VARIANCE_PARAMETERS,
    Model.BATES: (*VARIANCE_PARAMETERS, *JUMP_PARAMETERS),
    Model.LOCAL_VOL: ("vol_surface",),
}
FITTED_MODELS = (Model.MERTON, Model.HESTON, Model.BATES)
"""Models whose parameters are fitted to quotes."""
_SAMPLES: Mapping[str, object] = {
    "vol": 0.2,
    "initial_variance": 0.04,
    "mean_reversion": 1.0,
    "long_run_variance": 0.04,
    "vol_of_vol": 0.5,
    "spot_vol_correlation": -0.7,
    "jump_intensity": 0.5,
    "jump_mean": -0.1,
    "jump_vol": 0.1,
    "vol_surface": tuple((expiry, strike, 0.2) for expiry in (0.5, 1) for strike in (80, 100, 120)),
}


def model_of(nodes: Nodes) -> Model:
    """The model among the names of a market's nodes."""
    return next((Model(name) for name, _ in nodes if name in _OTHERS), Model.GBM)


_OTHERS = frozenset(Model) - {Model.GBM}

InitialVariance = Annotated[
    Annotated[Number, Field(ge=0, le=100), Unit("fraction per year")] | None,
    Field(description="variance per year today; 0.04 is a vol of 20%"),
]
MeanReversion = Annotated[
    Annotated[Number, Field(ge=1e-4, le=1e3), Unit("per year")] | None,
    Field(description="rate per year at which variance returns to its long run"),
]
LongRunVariance = Annotated[
    Annotated[Number, Field(ge=1e-12, le=100), Unit("fraction per year")] | None,
    Field(description="variance per year in the long run; 0.04 is a vol of 20%"),
]
VolOfVol = Annotated[
    Annotated[PerYear, Field(ge=1e-3, le=100)] | None,
    Field(description="volatility of variance: dv = ... + vol_of_vol sqrt(v) dZ"),
]
SpotVolCorrelation = Annotated[
    Annotated[Fraction, Field(gt=-1, lt=1)] | None, Field(description="correlation of spot and variance")
]
JumpIntensity = Annotated[
    Annotated[Number, Field(ge=1e-6, le=1000), Unit("per year")] | None,
    Field(description="mean number of jumps per year"),
]
JumpMean = Annotated[
    Annotated[Fraction, Field(ge=-5, le=5)] | None,
    Field(description="mean of the logarithm of a jump: -0.1 is a fall by a tenth"),
]
JumpVol = Annotated[
    Annotated[Fraction, Field(ge=0, le=5)] | None, Field(description="standard deviation of the logarithm of a jump")
]


def models_with(parameter: str) -> list[Model]:
    """The models that have a parameter."""
    return [model for model in Model if parameter in model.parameters]


OF_MODELS = ("vol", *MODEL_PARAMETERS, "vol_surface")
"""Fields of a market that only some models have."""


@dataclass(frozen=True)
class Foreign:
    """A value for a parameter that the model does not have."""

    model: Model
    name: str
    value: object

    @property
    def message(self) -> str:
        """The mistake and its remedy."""
        others = " or ".join(models_with(self.name))
        return f"model {self.model} has no {self.name}; choose model {others}, or leave it out"

    def __str__(self) -> str:
        return str(self.value)


def foreign_of(fields: Mapping[str, Any]) -> list[Foreign]:
    """The parameters of other models among the fields of a market; none where the model is unknown."""
    model = _named(fields)
    if model is None:
        return []
    given = [name for name in OF_MODELS if fields.get(name) is not None]
    return [Foreign(model, name, fields[name]) for name in given if name not in model.parameters]


def only_own(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a market for its validation: None for parameters of other models, or Foreign where one is given."""
    model, foreign = _named(fields), foreign_of(fields)
    if model is None or (foreign and fields.get("model") is None):  # which parameters are missing is not known
        return {**dict.fromkeys(OF_MODELS), **fields, **{one.name: one for one in foreign}}
    found = {name: value for name, value in fields.items() if value is not None}
    found |= dict.fromkeys(name for name in OF_MODELS if name not in model.parameters)
    return found | {one.name: one for one in foreign}


def _named(fields: Mapping[str, Any]) -> Model | None:
    """The model of the fields of a market, gbm where none is given; None for a name that no model has."""
    try:
        return Model(fields.get("model") or Model.GBM)
    except ValueError:
        return None


def with_samples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a market, with usual values for parameters of its model that are not given."""
    own = (_named(fields) or Model.GBM).parameters
    return {**{name: _SAMPLES[name] for name in own}, **fields}


def mean_variance(values: Mapping[str, float], years: float) -> float:
    """The mean variance per year of the logarithm until a date, 0 for the present, but for that by a constant vol."""
    found = 0.0
    if "initial_variance" in values:
        reversion, long_run = values["mean_reversion"], values["long_run_variance"]
        share = -expm1(-reversion * years) / (reversion * years) if years else 1.0
        found += long_run + (values["initial_variance"] - long_run) * share
    if "jump_intensity" in values:
        found += values["jump_intensity"] * (values["jump_mean"] ** 2 + values["jump_vol"] ** 2)
    return found


def growth_of_a_jump(mean: float, deviation: float) -> float:
    """The mean of a jump's factor, less 1."""
    return exp(mean + 0.5 * deviation * deviation) - 1
