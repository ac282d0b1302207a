"""Keys: the classes of sources, which are many, and compared more often than they are read."""

import inspect
from operator import itemgetter
from typing import Any, ClassVar, Self, dataclass_transform, get_origin


@dataclass_transform(frozen_default=True)
class Key(tuple[Any, ...]):
    """An immutable value of the fields that its class annotates, equal to values of its class with equal fields.

    It is a tuple of its class and its fields: they are hashed and compared without code of the class. A frozen
    dataclass takes more than ten times as long to define.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        own = inspect.get_annotations(cls)
        names = [name for name, kind in own.items() if ClassVar not in (kind, get_origin(kind))]
        cls._defaults = cls._defaults | {name: cls.__dict__[name] for name in names if name in cls.__dict__}
        cls._fields = (*cls._fields, *names)
        for place, name in enumerate(cls._fields, start=1):
            setattr(cls, name, property(itemgetter(place)))

    def __new__(cls, *values: Any, **named: Any) -> Self:
        left_out = cls._fields[len(values) :]
        if left_out or named:
            given = cls._defaults | named
            if not named.keys() <= set(left_out) <= given.keys():
                raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}")
            values = (*values, *(given[name] for name in left_out))
        return super().__new__(cls, (cls, *values))

    def replaced(self, **named: Any) -> Self:
        """The key with other values of some fields."""
        return type(self)(**dict(zip(self._fields, self[1:], strict=True)) | named)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self[1:]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self[1:], strict=True))
        return f"{type(self).__name__}({fields})"
