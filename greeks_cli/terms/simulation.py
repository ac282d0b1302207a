"""How the expectation is estimated."""

import enum
from typing import Literal, Self

from pydantic import Field, model_validator

from greeks_cli.terms.fields import Count, Term


class Smoothing(enum.StrEnum):
    """What stands for max(x, 0)."""

    SOFTPLUS = "softplus"
    NONE = "none"


class Dtype(enum.StrEnum):
    """Floating-point type of paths and derivatives; sums are always float64."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


class Autodiff(enum.StrEnum):
    """Which of Chainer's two ways gives derivatives: ``chainer.grad`` or ``Variable.backward``."""

    GRAD = "grad"
    BACKWARD = "backward"


class Simulation(Term):
    """Sampling, smoothing and differentiation. Nothing here depends on the machine."""

    paths: Count = Field(100_000, ge=2, le=10**12, description="number of paths, also 1e6 or 1_000_000")
    steps: Count | None = Field(
        None, ge=1, le=100_000, description="exact increments per path [default: one per date of the contract]"
    )
    seed: Count = Field(0, ge=0, lt=2**64, description="seed of the random numbers")
    smoothing: Smoothing = Field(Smoothing.SOFTPLUS, description="softplus, or none for the plain kink")
    width: Literal["auto"] | float = Field(
        "auto", gt=0, description="width of the smoothed kink in price units, or auto"
    )
    beta: float | None = Field(None, gt=0, description="steepness of the softplus, 1/width, instead of a width")
    dtype: Dtype = Field(Dtype.FLOAT64, description="floating-point type of paths and derivatives")
    device: Literal["cpu"] = Field("cpu", description="where to compute")
    autodiff: Autodiff = Field(
        Autodiff.GRAD, description="derivatives by chained chainer.grad, or by Variable.backward up to second order"
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="level of the confidence interval")

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if self.beta is not None and self.width != "auto":
            raise ValueError("width and beta exclude each other; beta is 1/width, give one of them")
        if self.smoothing is Smoothing.NONE and (self.beta is not None or self.width != "auto"):
            raise ValueError("smoothing none has no width; leave out width and beta")
        return self

    @property
    def fixed_width(self) -> float | None:
        """The width asked for, in price units, or None when it is to be chosen."""
        if self.beta is not None:
            return 1 / self.beta
        return None if self.width == "auto" else float(self.width)
