"""Atomic writes: a file appears whole or not at all."""

import os
from pathlib import Path

from greeks_cli.terms.errors import GreeksError


class CannotWrite(GreeksError):
    """Error of writing a file: the disk is full, or the folder is read-only."""


def write_whole(path: Path, content: bytes) -> None:
    """Puts a file in place at once, so that neither a reader nor a crash meets half of it. Raises CannotWrite.

    A symbolic link stays a link: its target is written, or created where it is missing.
    """
    temporary = temporary_of(path)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(os.path.realpath(path))
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CannotWrite(f"cannot write {path}: {error.strerror or error}") from None


def temporary_of(path: Path) -> Path:
    """The temporary file of ``write_whole``, beside the target of a symbolic link."""
    place = Path(os.path.realpath(path))
    return place.with_name(place.name + ".tmp")
