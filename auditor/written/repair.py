"""Stand-ins for what is wrong in a file, so that the rest can still be checked in the same run.

A policy with a misspelt verdict may also name an unknown group: people want to read both at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from auditor.written.kind import FileKind
    from auditor.written.source import Data

_ROUNDS = 4
"""A stand-in may uncover the next error: a listed torrent without its only infohash."""

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[str | int, ...]
Tree = object
"""What a YAML value is: a mutable list or dict of such, or a scalar."""
_HOLE = object()
"""Marks a list item that was taken out: the others keep their places."""
_NOTHING = object()
Restore = Callable[[Loc], Loc]


def errors_of(problem: ValidationError) -> list[ErrorDetails]:
    """Return what pydantic found, but for lists that it calls too short because all their items are wrong."""
    errors = problem.errors(include_url=False)
    return [error for error in errors if not (error["type"] == "too_short" and error["input"])]


def mend(
    kind: FileKind, model: type[Model], data: dict[str, Data], problem: ValidationError
) -> tuple[Model | None, Restore]:
    """Return the model with its wrong values left out or replaced; ``None`` where too much is wrong.

    The function beside it leads from paths into that model to paths into the file.
    """
    tree = _thaw(data)
    holes: dict[Loc, list[int]] = {}

    def restore(loc: Loc) -> Loc:
        """Count the items that were taken out before those that are named."""
        found: Loc = ()
        for part in loc:
            place = part
            for hole in holes.get(found, ()):
                if isinstance(place, int) and hole <= place:
                    place += 1
            found = (*found, place)
        return found

    for _ in range(_ROUNDS):
        for number, error in enumerate(errors_of(problem)):
            # Stand-ins for names are all different, or they would be duplicates.
            stand_ins = {**kind.stand_ins, **{key: f"unnamed-{number}" for _, key in kind.naming}}
            _replace(tree, restore(error["loc"]), stand_ins, missing=error["type"] == "missing")
        holes.clear()
        try:
            return model.model_validate(_freeze(tree, (), holes)), restore
        except ValidationError as next_problem:
            problem = next_problem
    return None, restore


def _replace(tree: Tree, loc: Loc, stand_ins: Mapping[str, Data], *, missing: bool) -> None:
    """Put a stand-in where ``loc`` leads, or take out what is there."""
    container, key = tree, loc[0]
    for part, following in pairwise(loc):
        inner = _at(container, part)
        if not isinstance(inner, dict | list) or (_at(inner, following) is _NOTHING and not missing):
            break
        container, key = inner, following
    if isinstance(container, list) and isinstance(key, int):
        container[key] = _HOLE
    elif isinstance(container, dict) and isinstance(key, str):
        if key in stand_ins:
            container[key] = stand_ins[key]
        else:
            container.pop(key, None)


def _at(container: Tree, key: str | int) -> Tree:
    if isinstance(container, dict):
        return container.get(key, _NOTHING)
    if isinstance(container, list) and isinstance(key, int) and key < len(container):
        return container[key]
    return _NOTHING


def _thaw(value: Data) -> Tree:
    if isinstance(value, tuple):
        return [_thaw(item) for item in value]
    if isinstance(value, dict):
        return {key: _thaw(item) for key, item in value.items()}
    return value


def _freeze(value: Tree, loc: Loc, holes: dict[Loc, list[int]]) -> object:
    if isinstance(value, dict):
        return {key: _freeze(item, (*loc, key), holes) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    taken = [index for index, item in enumerate(value) if item is _HOLE]
    if taken:
        holes[loc] = taken
    return tuple(_freeze(item, (*loc, index), holes) for index, item in enumerate(value) if item is not _HOLE)
