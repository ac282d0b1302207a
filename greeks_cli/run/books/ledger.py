"""Ledger of a book: results on disk as they come in, so that no finished result is lost.

While a book runs, ``OUT.partial`` gains one line of JSON per trade as it is finished.
At the end ``OUT`` and ``OUT.manifest.json`` appear at once, each moved into its place whole.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

from greeks_cli.run.machine.files import CannotWrite, temporary_of, write_whole
from greeks_cli.terms.errors import InvalidInput, Problem

_NAMED = 3


class Ledger:
    """Ledger of one book; ``keys`` has the key of each row by its id."""

    def __init__(self, out: Path, keys: Mapping[str, str]):
        self._out = out
        self.keys = keys
        self._partial, self._manifest, _ = files_beside(out)
        self._file: FileIO | None = None
        self.rows: dict[str, dict[str, Any]] = {}
        """Finished rows by id."""

    def open(self, restart: bool, form: str) -> dict[str, Any] | None:
        """Takes up the rows of an earlier run. Returns the manifest where the book is finished in this form, else None.

        Raises InvalidInput where the file is another book's, or another run is writing it, and CannotWrite.
        """
        if not restart and not self._holds_rows() and self._out.exists():
            return self._finished(form)
        try:
            # Unbuffered: a written line survives any end of this process.
            file = self._partial.open("ab", buffering=0)
            self._lock(file)
            self._file = file
            if restart:
                self._file.truncate(0)
            else:
                self._take_up()
        except OSError as error:
            raise self._cannot(self._partial, error) from None
        return None

    def _lock(self, file: FileIO) -> None:
        """Locks the file until it is closed or this process ends. Raises InvalidInput where another run holds it."""
        if fcntl is None:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            message = "another run is writing it; wait for that, or use another -o"
            raise InvalidInput([Problem((str(self._partial),), message)]) from None

    def append(self, row: dict[str, Any]) -> None:
        """Writes one row, which survives any end of this process. Raises CannotWrite."""
        assert self._file is not None  # it has been opened
        line = json.dumps(row, allow_nan=False).encode() + b"\n"
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise self._cannot(self._partial, error) from None
        self.rows[row["id"]] = row

    @property
    def kept(self) -> int:
        """The number of results that are not priced again; failed trades are."""
        return sum(map(_is_kept, self.rows.values()))

    def close(self) -> None:
        """Releases the file to other runs; finished rows stay, and an empty file is removed."""
        if self._file is None:
            return
        with suppress(OSError):
            if os.fstat(self._file.fileno()).st_size == 0:
                self._partial.unlink()
        self._file.close()

    def finish(self, content: bytes, manifest: dict[str, Any]) -> None:
        """Puts the result and its manifest in place, and removes the partial file. Raises CannotWrite."""
        assert self._file is not None  # it has been opened
        manifest = {**manifest, "output": _digest(content), "trades": dict(self.keys)}
        self._place(self._manifest, json.dumps(manifest, indent=2).encode() + b"\n")
        self._place(self._out, content)
        self._partial.unlink()

    def _holds_rows(self) -> bool:
        try:
            return b"\n" in self._partial.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._cannot(self._partial, error) from None

    def _place(self, path: Path, content: bytes) -> None:
        try:
            write_whole(path, content)
        except CannotWrite as error:
            raise CannotWrite(f"{error}{self._kept}") from None

    def _take_up(self) -> None:
        content = self._partial.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        try:
            if not content.startswith(b'{"id": '[: len(content)]):
                raise ValueError
            rows = [json.loads(line) for line in whole.splitlines()]
            finished = {str(row["id"]): row for row in rows if _is_kept(row)}
            found = {name: str(row["key"]) for name, row in finished.items()}
        except (ValueError, KeyError, TypeError, RecursionError):
            message = "is not a file of unfinished results; remove it, or use --restart"
            raise InvalidInput([Problem((str(self._partial),), message)]) from None
        self._refuse_others(found)
        if len(whole) < len(content):  # the last line was torn when its writer was killed
            os.truncate(self._partial, len(whole))
        self.rows = finished

    def _finished(self, form: str) -> dict[str, Any]:
        try:
            manifest = dict(json.loads(self._manifest.read_bytes()))
            keys, was = dict(manifest["trades"]), manifest["format"]
            changed = _digest(self._out.read_bytes()) != manifest["output"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            message = "is there, and without a manifest of ours; use another -o, or --restart to replace it"
            raise InvalidInput([Problem((str(self._out),), message)]) from None
        self._refuse_others(keys)
        if was != form:
            message = f"is finished as {was}, not {form}; use another -o, or --restart to price all anew"
            raise InvalidInput([Problem((str(self._out),), message)])
        if changed:
            message = "has been changed since it was written; use another -o, or --restart to price all anew"
            raise InvalidInput([Problem((str(self._out),), message)])
        return manifest

    def _refuse_others(self, found: Mapping[str, str]) -> None:
        """Raises InvalidInput for results of another or a changed book: they are never mixed with this book's."""
        changed = [name for name, key in found.items() if self.keys.get(name) != key]
        if self._file is None:  # not unfinished, but whole
            changed += [name for name in self.keys if name not in found]
        if changed:
            if all(_trade_of(self.keys.get(name)) == _trade_of(found.get(name)) for name in changed):
                message = _of_other_arithmetic(found[changed[0]], self.keys[changed[0]])
                raise InvalidInput([Problem((str(self._out),), message)])
            more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
            message = (
                f"holds results of other settings, market or version for trade {', '.join(changed[:_NAMED])}{more}; "
                "use another -o, or --restart to price all anew"
            )
            raise InvalidInput([Problem((str(self._out),), message)])

    def _cannot(self, path: Path, error: OSError) -> CannotWrite:
        return CannotWrite(f"cannot write {path}: {error.strerror or error}{self._kept}")

    @property
    def _kept(self) -> str:
        return f"; the {self.kept} results finished are safe in {self._partial}" if self.kept else ""


def _of_other_arithmetic(was: str, key: str) -> str:
    """The mistake of going on with results of another executor, or of a processor that rounds differently."""
    executors = ["jit" if "-jit" in one else "numpy" for one in (was, key)]
    if executors[0] != executors[1]:
        there = f"results of executor {executors[0]}, not {executors[1]}; give --executor {executors[0]} to go on"
        return f"holds {there}, or use another -o, or --restart to price all anew"
    return (
        "holds results of a processor on which exp and log round differently; "
        "go on there, or use another -o, or --restart to price all anew here"
    )


def files_beside(out: Path) -> tuple[Path, Path, Path]:
    """Files that a ledger writes besides ``out``: unfinished results, the manifest, and the manifest's temporary."""
    partial, manifest = out.with_name(out.name + ".partial"), out.with_name(out.name + ".manifest.json")
    return partial, manifest, temporary_of(manifest)


def _is_kept(row: Mapping[str, Any]) -> bool:
    """True for a result; a failed trade is priced again: memory may have been short, or the trade is corrected."""
    return "error" not in row


def _trade_of(key: str | None) -> str | None:
    """A row's key without the fingerprint of the processor's arithmetic."""
    if key is None:
        return None
    trade, _, units = key.split("-", 2) if key.count("-") > 1 else (*key.split("-"), "", "")[:3]
    return f"{trade}-{units}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
