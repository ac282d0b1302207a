"""Files that appear whole or not at all."""

import os
from pathlib import Path

from greeks_cli.terms.errors import GreeksError


class CannotWrite(GreeksError):
    """The disk is full, or the folder read-only."""


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place at once, so that no reader and no crash meets half of it. Raises CannotWrite.

    Through a link, which stays one, to what it points to, whether that is there or not.
    """
    place = Path(os.path.realpath(path))
    temporary = place.with_name(place.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CannotWrite(f"cannot write {path}: {error.strerror or error}") from None
