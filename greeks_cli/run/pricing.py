"""The pricing loop: executables on blocks of paths, by some workers, merged in the order of the blocks."""

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Protocol, Self, TypeVar

from greeks_cli.engine.execution.path_group import GroupMoments, PathGroup
from greeks_cli.engine.execution.shared_normals import SharedNormals
from greeks_cli.run.machine.cores import available_cores

_SMALL = 1 << 14
"""Numbers of a block up to which Python's part is most of its time, and threads would wait for each other."""
Answer = TypeVar("Answer")


class Addable(Protocol):
    """Moments of some blocks, to which the moments of other blocks are added."""

    def __add__(self, other: Self) -> Self: ...


Sums = TypeVar("Sums", bound=Addable)
"""Moments of one executable."""


@dataclass(frozen=True, slots=True)
class Workers:
    """The threads of this process, or the workers of an executor in their place."""

    count: int
    executor: Executor | None = None

    @classmethod
    def of(cls, threads: int | None, executor: Executor | None = None) -> Self:
        """Workers on ``threads`` threads, by default one per core, or of the executor in their place."""
        return cls(threads or available_cores(), executor)

    def in_order(self, work: Callable[..., Answer], tasks: Iterable[tuple[Any, ...]]) -> Generator[Answer, None, None]:
        """Yields the answers to all tasks, each the arguments of ``work``, in order; a few are in flight per worker."""
        if self.executor is None and self.count == 1:
            yield from (work(*task) for task in tasks)
            return
        waiting = iter(tasks)
        own = None if self.executor else ThreadPoolExecutor(self.count)
        pool = self.executor or own
        assert pool is not None
        in_flight: list[Future[Answer]] = [pool.submit(work, *task) for task in islice(waiting, 4 * self.count)]
        try:
            while in_flight:
                answer = in_flight.pop(0).result()
                in_flight += [pool.submit(work, *task) for task in islice(waiting, 1)]
                yield answer
        finally:
            if own:
                own.shutdown(cancel_futures=True)


def moments_by_block(members: Sequence[Any], workers: Workers) -> Generator[list[Any], None, None]:
    """Yields, after every block, the moments of each member over the blocks so far; members have the same paths.

    A member has ``n_blocks``, and ``accumulate(block)`` gives its moments of a block. Path groups share normals; one
    alone runs small blocks at once.
    """
    shared: tuple[SharedNormals, ...] = ()
    if isinstance(members[0], PathGroup):
        if members[0].numbers_of_block <= _SMALL:
            workers = Workers(1, workers.executor)
        if len(members) == 1:
            yield from _sums_of_group(members[0], workers)
            return
        shared = (SharedNormals(members[0].plans[0], len(members)),)
    tasks = ((member, block, *shared) for block in range(members[0].n_blocks) for member in members)
    sums: list[Any] = []
    with closing(workers.in_order(_accumulate, tasks)) as found:
        for number, of_block in enumerate(found):
            member = number % len(members)
            if len(sums) <= member:
                sums.append(of_block)
            else:
                sums[member] = sums[member] + of_block
            if member == len(members) - 1:
                yield sums


def _sums_of_group(group: PathGroup, workers: Workers) -> Generator[list[GroupMoments], None, None]:
    """Yields the moments of a path group over the blocks so far."""
    with closing(workers.in_order(group.accumulate_span, ((span,) for span in group.spans))) as found:
        sums: GroupMoments | None = None
        for of_block in chain.from_iterable(found):
            sums = of_block if sums is None else sums + of_block
            yield [sums]


def _accumulate(member: Any, block: int, *shared: SharedNormals) -> Any:
    return member.accumulate(block, *shared)
