"""Keys: equality by class and fields, defaults, copies in other processes."""

import pickle
from typing import ClassVar

import pytest

from greeks_cli.engine.compiler.key import Key


class Normal(Key):
    is_row: ClassVar[bool] = True
    date: int
    part: int = 0


class Growth(Key):
    date: int
    part: int = 0


class Shifted(Normal):
    index: tuple[str, ...] = ()


def test_keys_are_equal_by_class_and_fields():
    assert Normal(1) == Normal(date=1, part=0)
    assert hash(Normal(1)) == hash(Normal(1, 0))
    assert Normal(1) != Normal(2)
    assert Normal(1) != Growth(1)
    assert Normal(1) != (1, 0)
    assert len({Normal(1), Growth(1), Shifted(1), Normal(1, 1), Normal(1)}) == 4


def test_fields_are_read_and_not_set():
    key = Shifted(2, index=("spot",))
    assert (key.date, key.part, key.index, key.is_row) == (2, 0, ("spot",), True)
    assert repr(key) == "Shifted(date=2, part=0, index=('spot',))"
    with pytest.raises(AttributeError):
        key.date = 3


@pytest.mark.parametrize("wrong", [lambda: Normal(), lambda: Normal(1, other=2), lambda: Normal(1, date=2)])
def test_fields_are_given_once(wrong):
    with pytest.raises(TypeError, match="Normal has the fields date, part"):
        wrong()


def test_some_fields_are_replaced():
    assert Shifted(2, 1).replaced(part=3) == Shifted(2, 3)


def test_copies_are_equal():
    key = Shifted(2, 1, ("spot", "vol"))
    assert pickle.loads(pickle.dumps(key)) == key
