"""Models of the underlying, and the parameters of each."""

import enum
from collections.abc import Mapping
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
    def is_stepped(self) -> bool:
        """True if paths are simulated on time steps."""
        return self.has_variance or self is Model.LOCAL_VOL

    @property
    def is_conditional(self) -> bool:
        """True if increments of the logarithm are normal given the variance and the jumps."""
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


def only_own(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a market, with None for the parameters of other models. Raises ValueError where one is given."""
    try:
        model = Model(fields.get("model", Model.GBM))
    except ValueError:  # the field reports it, and which parameters are missing is not known
        return {**dict.fromkeys(("vol", *MODEL_PARAMETERS, "vol_surface")), **fields}
    found = {name: value for name, value in fields.items() if value is not None}
    for name in ("vol", *MODEL_PARAMETERS, "vol_surface"):
        if name in model.parameters:
            continue
        if name in found:
            own = ", ".join(model.parameters)
            raise ValueError(f"model {model} has no {name}, but {own}; leave it out, or choose another model")
        found[name] = None
    return found


def with_samples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a market, with usual values for parameters of its model that are not given."""
    try:
        own = Model(fields.get("model", Model.GBM)).parameters
    except ValueError:
        own = ("vol",)
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
