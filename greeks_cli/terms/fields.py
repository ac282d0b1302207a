"""What the models of a request have in common."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is wanted, not true or false")
    return value


Number = Annotated[float, BeforeValidator(_no_boolean)]


class Term(BaseModel):
    """A frozen model: unknown keys are refused, infinities and NaN too."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _read_count(value: object) -> object:
    """Accept ``1e6``, ``"1e6"`` and ``"1_000_000"`` where a whole number is meant."""
    _no_boolean(value)
    if isinstance(value, str):
        try:
            value = float(value) if not value.strip().lstrip("+-").replace("_", "").isdigit() else int(value)
        except ValueError:
            return value
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, BeforeValidator(_read_count)]
Price = Annotated[Number, Field(ge=1e-12, le=1e12)]
Years = Annotated[Number, Field(gt=0, le=100)]
