"""A program for many trades, run for a few at a time: what is the same for all of them first, and once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, Self

from greeks_cli.engine.backends.backend import Device
from greeks_cli.engine.compiler.ir import Array, Name, Program, Source
from greeks_cli.engine.simulation.path_data import Simulated


class Common(NamedTuple):
    """An array that the calculation of several trades needs: a result of what comes first, a source of what follows."""

    slot: int


@dataclass(frozen=True)
class Rows(Generic[Name]):
    """A few of the trades for which a program has a row each."""

    which: slice
    results: Mapping[Name, int]
    """What their results are called, and the program's slots of them."""


@dataclass(frozen=True)
class Calculation(Generic[Name]):
    """What is the same for all trades runs once; the rest for a few at a time, each with its numbers.

    So the arrays of many trades need not be there at once.
    """

    common: Program[Any]
    """Results of single trades; and, named ``Common``, what the others have in common."""
    stacks: tuple[Program[Name], ...]
    """The others, a few rows of paths at a time."""

    @classmethod
    def of(
        cls,
        whole: Program[Any],
        wide: Collection[int],
        single: Mapping[Name, int],
        families: Iterable[Sequence[Rows[Name]]],
    ) -> Self:
        """Divides a program.

        ``wide`` are its slots with a row or a number for each trade, ``single`` the results that are of one trade,
        ``families`` the others: in each, the rows of one family have their results in the same slots.
        """
        stacks: list[Program[Name]] = []
        needed: set[int] = set()
        for family in families:
            own, read = _of_rows(whole, wide, family[0].results.values())
            needed |= read
            for rows in family:
                constants = {slot: c[rows.which] if slot in wide else c for slot, c in own.constants.items()}
                stacks.append(replace(own, constants=constants, results=rows.results))
        results: dict[Any, int] = {**single, **{Common(slot): slot for slot in needed}}
        return cls(replace(whole, results=results).only(results), tuple(stacks))

    def results(self) -> Iterator[Name]:
        """The names of all."""
        yield from (name for name in self.common.results if not isinstance(name, Common))
        for stack in self.stacks:
            yield from stack.results

    def run(self, simulated: Simulated, device: Device) -> Iterator[tuple[Name, Array]]:
        """Each result as soon as it is there."""
        common: dict[Any, Array] = {}
        for name, array in device.results(self.common, simulated.fetch, simulated.n_paths, simulated.dtype):
            if isinstance(name, Common):
                common[name] = array
            else:
                yield name, array
        for stack in self.stacks:
            yield from device.results(stack, common.__getitem__, simulated.n_paths, simulated.dtype)


def _of_rows(whole: Program[Any], wide: Collection[int], slots: Iterable[int]) -> tuple[Program[Any], set[int]]:
    """What of a program has a row for each trade, and which slots it reads beside its own: these are its sources."""
    own = replace(whole, results={slot: slot for slot in slots}).only(slots)
    calls = [call for call in own.calls if call.result in wide]
    read = {slot for call in calls for slot in call.inputs} | {*slots}
    read -= {*own.constants, *(call.result for call in calls)}
    sources: dict[Source, int] = {Common(slot): slot for slot in read}
    alike = frozenset(call.result for call in calls)
    return replace(own, sources=sources, calls=tuple(calls), alike=alike).only(own.results), read
