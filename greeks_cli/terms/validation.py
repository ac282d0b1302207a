"""Validation of a section's values, and the wording of what is wrong with them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from greeks_cli.terms.errors import FormulaError, Problem, did_you_mean, few

Section = TypeVar("Section", bound=BaseModel)


def validated(model: type[Section], section: str, values: Mapping[str, Any], problems: list[Problem]) -> Section | None:
    """The model of some values; None where they are wrong, and their mistakes go to ``problems``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems += _problems(model, section, error)
        return None


def problems_of_fields(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """The problems of a model that is made by its constructor, whose fields have no section."""
    found = _problems(model, kind_of(model) or model.__name__, error)
    return [replace(problem, path=problem.path[1:] or problem.path) for problem in found]


def _problems(model: type[BaseModel], section: str, error: ValidationError) -> list[Problem]:
    # A union reports one error per member; the last member is the general one. Wrong items do not count as items.
    errors = error.errors()
    wrong = {details["loc"][:1] for details in errors if details["type"] != "too_short"}
    kept = [details for details in errors if details["type"] != "too_short" or details["loc"][:1] not in wrong]
    found = {details["loc"][:1]: details for details in kept}
    return few((_problem(model, section, details) for details in found.values()), len(found))


def _problem(model: type[BaseModel], section: str, details: ErrorDetails) -> Problem:
    """One of Pydantic's errors as a Problem, with a remedy."""
    path = (section, *details["loc"][:1])
    name = str(path[1]) if len(path) > 1 else ""
    described = model.model_fields[name].description if name in model.model_fields else None
    kind = f"the {values_kind} contract" if (values_kind := kind_of(model)) else f"[{section}]"
    match details["type"]:
        case "extra_forbidden":
            known = [key for key in model.model_fields if key != "kind"]
            return Problem(path, f"unknown key, not an option of {kind}; {did_you_mean(name, known)}")
        case "missing":
            return Problem(path, f"required: {described}")
        case "value_error":
            error = details.get("ctx", {}).get("error")
            if isinstance(error, FormulaError):
                return Problem((section, "payoff"), str(error), detail=error.detail)
            message = details["msg"].removeprefix("Value error, ")
            if not name:
                return Problem((section, *_first_field(model, message)), message)
            value = None if isinstance(details["input"], list | tuple) else details["input"]
            return Problem(path, message.removeprefix(f"{value}: "), value)
    message = (
        details["msg"].replace("Input should be", "should be").replace("valid dictionary", "table of names and values")
    )
    return Problem(path, f"{message} ({described})" if described else message, details["input"])


def _first_field(model: type[BaseModel], message: str) -> tuple[str, ...]:
    """The first field that a mistake across fields names; nothing where it names none."""
    return tuple(word for word in re.findall(r"[\w-]+", message) if word in model.model_fields)[:1]


def kind_of(model: type[BaseModel]) -> str | None:
    """The kind of contract that a model is of; None for other sections."""
    kind = model.model_fields.get("kind")
    return kind.default if kind else None
