"""Settings of the simulation: sampling, smoothing and differentiation."""

import enum
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from greeks_cli.terms.fields import Count, Number, Term

MIN_PATHS = 16
"""The fewest paths that give a usable error bar."""

SCRAMBLES = 128
"""The fewest independent scrambles of the Sobol points; the spread of their means is the error bar.

A payoff with a long tail skews the means: at 50% volatility the 95% interval was measured to hold
the price 89% of the time with 16 scrambles, 94% with 64 or more.
"""

FEWEST_SOBOL_PATHS = 16 * SCRAMBLES
USUAL_SOBOL_PATHS = 1 << 17
"""Paths of Sobol points where nobody states a number."""


class Smoothing(enum.StrEnum):
    """Replacement of max(x, 0)."""

    SOFTPLUS = "softplus"
    NONE = "none"


class Dtype(enum.StrEnum):
    """Floating-point type of paths and derivatives; sums are always float64."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


class Autodiff(enum.StrEnum):
    """Chainer's way to derivatives: ``chainer.grad`` or ``Variable.backward``."""

    GRAD = "grad"
    BACKWARD = "backward"


class Estimator(enum.StrEnum):
    """Method of derivatives: of the paths, of their probability, or of one and then the other."""

    AUTO = "auto"
    PATHWISE = "pathwise"
    LIKELIHOOD = "likelihood"
    MIXED = "mixed"
    CONDITIONAL = "conditional"


class Sampler(enum.StrEnum):
    """Where the normals come from."""

    RANDOM = "random"
    SOBOL = "sobol"
    PHILOX = "philox"


class ExecutorName(enum.StrEnum):
    """Arithmetic of blocks on the processor."""

    NUMPY = "numpy"
    JIT = "jit"
    AUTO = "auto"


class Simulation(Term):
    """Sampling, smoothing and differentiation.

    ``device`` and ``executor`` alone depend on the machine, and are left out of every dump.
    """

    paths: Count = Field(
        100_000,
        ge=MIN_PATHS,
        le=10**12,
        description="number of paths, also 1e6 or 1_000_000; with sampler sobol 131072 where none is given",
    )
    steps: Count | None = Field(
        None,
        ge=1,
        le=100_000,
        description="increments per path [default: one per date of the contract, which is exact, and under merton "
        "always so; under heston, bates and local-vol as few as keep their bias small]",
    )
    seed: Count = Field(0, ge=0, lt=2**64, description="seed of the random numbers")
    sampler: Sampler = Field(
        Sampler.RANDOM,
        description="random numbers, scrambled Sobol points (extra: sobol), or a GPU's own random numbers (philox)",
    )
    antithetic: bool = Field(False, description="use every path with its mirror image, as one sample")
    importance: bool = Field(
        True, description="shift the paths of payoffs that few paths reach, and weigh them (importance sampling)"
    )
    control: bool = Field(False, description="reduce variance by a control variate of known value")
    estimator: Estimator = Field(
        Estimator.AUTO,
        description="move the paths, their probability, one and then the other, or smooth paths and the probability of "
        "the rest (conditional); auto tries all",
    )
    buckets: bool = Field(
        False, description="estimate Greeks at every node of a curve as well, such as rho[0.25] and rho[1] beside rho"
    )
    closed_form: bool = Field(False, description="take closed forms, and simulate only what has none")
    smoothing: Smoothing = Field(Smoothing.SOFTPLUS, description="softplus, or none for the plain kink")
    width: Literal["auto"] | Annotated[Number, Field(ge=1e-12, le=1e12)] = Field(
        "auto",
        description="width of the smoothed kink in price units, or auto",
    )
    beta: Number | None = Field(
        None, ge=1e-12, le=1e12, description="steepness of the softplus, 1/width, instead of a width"
    )
    dtype: Dtype = Field(Dtype.FLOAT64, description="floating-point type of paths and derivatives")
    device: str = Field(
        "auto", exclude=True, description="where to compute: cpu, cuda, cuda:N, or auto for a GPU if one works"
    )
    executor: ExecutorName = Field(
        ExecutorName.AUTO,
        exclude=True,
        description="what computes on the processor: numpy, jit for compiled code (extra: jit), or auto for compiled "
        "code where a run is long enough",
    )
    autodiff: Autodiff = Field(
        Autodiff.GRAD, description="derivatives by chained chainer.grad, or by Variable.backward up to second order"
    )
    confidence: Number = Field(
        0.95, ge=0.01, le=0.999999, description="level of the confidence interval, a fraction: 0.95 is 95%"
    )

    @field_validator("device")
    @classmethod
    def _device_named(cls, name: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", name):
            raise ValueError("no device has that name; use auto, cpu, cuda, or cuda:1 for the second GPU")
        return name

    @model_validator(mode="before")
    @classmethod
    def _usual_points(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("paths") is None and values.get("sampler") == Sampler.SOBOL:
            return {**values, "paths": USUAL_SOBOL_PATHS}
        return values

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if self.beta is not None and self.width != "auto":
            raise ValueError("width and beta exclude each other; beta is 1/width, give one of them")
        if self.smoothing is Smoothing.NONE and (self.beta is not None or self.width != "auto"):
            raise ValueError("smoothing none has no width; leave out width and beta")
        return self

    @model_validator(mode="after")
    def _sampling_fits(self) -> Self:
        if self.sampler is Sampler.PHILOX and self.device == "cpu":
            raise ValueError("sampler philox is drawn by a GPU; leave out device cpu, or use sampler random")
        if self.antithetic and self.paths % 2:
            raise ValueError(f"antithetic paths come in pairs; paths {self.paths} is odd, use {self.paths + 1}")
        if self.sampler is Sampler.SOBOL:
            if self.antithetic:
                raise ValueError("antithetic and sampler sobol exclude each other; Sobol points are balanced already")
            if self.paths & (self.paths - 1) or self.paths < FEWEST_SOBOL_PATHS:
                below = max(FEWEST_SOBOL_PATHS, 1 << (self.paths.bit_length() - 1))
                raise ValueError(
                    f"sampler sobol wants a power of two from {FEWEST_SOBOL_PATHS} up, not paths {self.paths}; "
                    f"use {below} or {2 * below}"
                )
        return self

    @model_validator(mode="after")
    def _estimator_fits(self) -> Self:
        if self.estimator not in (Estimator.AUTO, Estimator.PATHWISE) and self.fixed_width is not None:
            raise ValueError(f"a width or beta smooths pathwise estimates; estimator {self.estimator} wants none")
        if self.estimator is Estimator.MIXED and self.autodiff is Autodiff.BACKWARD:
            raise ValueError("estimator mixed is made by chainer.grad; autodiff backward has pathwise and likelihood")
        return self

    @property
    def fixed_width(self) -> float | None:
        """The width asked for, in price units, or None where it is chosen automatically."""
        if self.beta is not None:
            return 1 / self.beta
        return None if self.width == "auto" else float(self.width)
