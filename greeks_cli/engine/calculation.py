"""A program run a few rows at a time: what all rows have in common first, and once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Self

from greeks_cli.engine.device import Device
from greeks_cli.engine.program import Array, Name, Program
from greeks_cli.engine.scenario import Simulated

_COMMON = "common"
Slots = Mapping[Name, int]
"""Names of results, and where a program has them."""
Rows = tuple[slice, Slots[Name]]
"""Some rows, and the names of their results."""


@dataclass(frozen=True)
class Calculation(Generic[Name]):
    """Results of single rows, and of rows that are calculated alike, each with its own numbers."""

    common: Program[Any]
    """The results of single rows; and, named by slot, what the others need."""
    parts: tuple[Program[Name], ...]
    """A few rows each."""

    @classmethod
    def of(
        cls, whole: Program[Any], wide: Collection[int], single: Slots[Name], alike: Iterable[Sequence[Rows[Name]]]
    ) -> Self:
        """Divides a program whose ``wide`` slots are of rows that have their own numbers.

        ``alike`` are the parts of all that have the same results in the same slots.
        """
        parts: list[Program[Name]] = []
        needed: set[int] = set()
        for rows in alike:
            own, read = _of_rows(whole, wide, rows[0][1].values())
            needed |= read
            for some, slots in rows:
                constants = {slot: c[some] if slot in wide else c for slot, c in own.constants.items()}
                parts.append(replace(own, constants=constants, results=slots))
        results: dict[Any, int] = {**single, **{(_COMMON, slot): slot for slot in needed}}
        return cls(replace(whole, results=results).only(results), tuple(parts))

    @property
    def results(self) -> Iterator[Name]:
        """The names of all."""
        yield from (name for name in self.common.results if name[0] != _COMMON)
        for part in self.parts:
            yield from part.results

    def run(self, simulated: Simulated, device: Device) -> Iterator[tuple[Name, Array]]:
        """Each result as soon as it is there."""
        shared: dict[Any, Array] = {}
        for name, array in device.results(self.common, simulated.fetch, simulated.n_paths, simulated.dtype):
            if name[0] == _COMMON:
                shared[name] = array
            else:
                yield name, array
        for part in self.parts:
            yield from device.results(part, shared.__getitem__, simulated.n_paths, simulated.dtype)


def _of_rows(whole: Program[Any], wide: Collection[int], slots: Iterable[int]) -> tuple[Program[Any], set[int]]:
    """What it takes to compute rows from what is common, which is its sources; and the slots of these."""
    own = replace(whole, results={slot: slot for slot in slots}).only(slots)
    calls = [call for call in own.calls if call.result in wide]
    read = {slot for call in calls for slot in call.inputs} | {*slots}
    read -= {*own.constants, *(call.result for call in calls)}
    sources = {(_COMMON, slot): slot for slot in read}
    return replace(own, sources=sources, calls=tuple(calls)).only(own.results), read
