"""Levels: derivatives at several widths are one program, whose numbers are those of a program for each level."""

import numpy as np

from greeks_cli.engine.execution.choice.levels import Level, Levels
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.chunks import Stacked
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.terms.building import build_request


def pilots_of(*strikes):
    requests = [build_request({"strike": k}, {"vol": 0.2}, {"paths": 3000}, "gamma,vanna") for k in strikes]
    pilots = Pilot.of_all(requests)
    for pilot in pilots:
        pilot.traced.trace()
    return pilots


def levels_of(pilots, index):
    """The level of each method of a Greek, and the levels of twice its widths."""
    methods = zip(*(pilot.candidates[index] for pilot in pilots), strict=True)
    return [Level(own[0].pattern, factor * widths_of(own)) for own in methods for factor in (1, 2)]


def joined(pilots, levels, index):
    numbers = Numbers([pilot.request for pilot in pilots])
    patterns = [*dict.fromkeys(level.pattern for level in levels)]
    programs = [pilots[0].traced.of_choices(pattern, numbers) for pattern in patterns]
    return numbers, programs, Levels(programs, levels, [(patterns.index(one.pattern), (index,)) for one in levels])


def test_numbers_of_each_level_are_those_of_its_own_program():
    index = ("spot", "spot")
    pilots = pilots_of(90.0, 100.0, 120.0)
    levels = levels_of(pilots, index)
    numbers, programs, whole = joined(pilots, levels, index)
    for rows in ([0, 1, 2], [2], [0, 2]):
        stacked = Stacked(numbers, pilots[0].motion, rows)
        found = stacked.bound(whole.program, whole.bound(stacked.numbers, rows))
        patterns = [*dict.fromkeys(level.pattern for level in levels)]
        for number, level in enumerate(levels):
            alone = stacked.run(programs[patterns.index(level.pattern)], level.widths[rows])
            np.testing.assert_array_equal(*np.broadcast_arrays(found[number, index], alone[index]))


def test_calls_without_a_width_are_made_once():
    index = ("spot", "spot")
    pilots = pilots_of(100.0)
    levels = levels_of(pilots, index)
    _, programs, whole = joined(pilots, levels, index)
    of_levels = {pattern: sum(one.pattern == pattern for one in levels) for pattern in (one.pattern for one in levels)}
    apart = sum(len(p.only([index]).calls) * n for p, n in zip(programs, of_levels.values(), strict=True))
    assert len(whole.program.calls) < 0.8 * apart


def test_requests_whose_programs_differ_in_numbers_alone_share_the_program():
    index = ("spot", "spot")
    first, *others = [pilots_of(strike) for strike in (90.0, 101.0, 105.0)]
    programs = [joined(own, levels_of(own, index), index)[2].program for own in (first, *others)]
    assert programs[-1] is programs[-2]
