"""Frames of pandas, Polars and Arrow: tables of rows made from answers, and books read from frames."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from greeks_cli.terms.errors import InvalidInput, MissingExtra, Problem, did_you_mean

_LIBRARIES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}
_EXTRAS = {"pandas": "pandas", "polars": "polars", "arrow": "parquet"}

Rows = Sequence[Mapping[str, Any]]


def frame_of(rows: Rows, library: str) -> Any:
    """A frame with a row for each mapping. Raises MissingExtra without the library, and InvalidInput for others."""
    if library not in _LIBRARIES:
        raise InvalidInput([Problem(("library",), did_you_mean(library, _LIBRARIES), library)])
    if find_spec(_LIBRARIES[library]) is None:
        raise MissingExtra("to_frame", _LIBRARIES[library], _EXTRAS[library])
    if library == "pandas":
        import pandas

        return pandas.DataFrame.from_records(list(rows))
    if library == "polars":
        import polars

        return polars.DataFrame(list(rows), infer_schema_length=None)
    import pyarrow

    return pyarrow.Table.from_pylist(list(rows))


def is_frame(given: object) -> bool:
    """True for a frame of pandas, Polars or Arrow, and for any other with one of their methods."""
    return rows_of_frame(given) is not None


def rows_of_frame(given: Any) -> list[dict[str, Any]] | None:
    """The rows of a frame as mappings; None for other objects. Raises InvalidInput for a column that is there twice."""
    if hasattr(given, "to_dicts"):
        return list(given.to_dicts())
    if hasattr(given, "to_pylist"):
        return list(given.to_pylist())
    if hasattr(given, "to_dict") and hasattr(given, "columns"):
        if twice := [str(name) for name, count in Counter(given.columns).items() if count > 1]:
            raise InvalidInput([Problem((twice[0],), "is there twice among the columns of the frame; leave one out")])
        return [{str(name): value for name, value in row.items()} for row in given.to_dict(orient="records")]
    return None
