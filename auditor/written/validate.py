"""From a file's data to its model: what pydantic finds becomes issues, each in our words and with its place.

Every value of a model here has a type of :mod:`auditor.written.fields` (or is a bool, a model, or a tuple or dict of
such), so that whatever may be wrong with it is named by an issue code. Unions of models are not told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from auditor.written import repair
from auditor.written.issue import MAX_ISSUES, Issue, did_you_mean, listing, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from auditor.written.kind import FileKind
    from auditor.written.repair import Loc, Restore
    from auditor.written.source import Data, Source

Model = TypeVar("Model", bound=BaseModel)

_TYPES = {
    "tuple_type": "a list",
    "dict_type": "a mapping of names to entries",
    "model_type": "a mapping of keys to values",
    "bool_type": "true or false",
}


@dataclass(frozen=True, slots=True)
class Validated(Generic[Model]):
    """What holding a file against its schema gave."""

    model: Model | None
    """``None`` where too much is wrong to go on."""
    issues: list[Issue]
    restore: Restore
    """Leads from a path into the model to the path into the file."""
    mended: bool = False
    """Whether wrong values were left out or replaced: names can still be checked, the sense of it all cannot."""


def validate(text: Source, model: type[Model]) -> Validated[Model]:
    """Make a file's data its model, as far as it can be made."""
    return validate_entry(text, text.data, (), model)


def validate_entry(text: Source, data: dict[str, Data], at: Loc, model: type[Model]) -> Validated[Model]:
    """Make of the mapping that stands at a path into the file its model, as far as it can be made."""
    try:
        return Validated(model.model_validate(data), [], lambda loc: (*at, *loc))
    except ValidationError as problem:
        mended, restore = repair.mend(text.kind, model, data, problem)
        issues = list(_issues(text, model, problem, at))
        return Validated(mended, issues, lambda loc: (*at, *restore(loc)), mended=True)


def _issues(text: Source, model: type[BaseModel], problem: ValidationError, at: Loc) -> Iterator[Issue]:
    for error in repair.errors_of(problem)[: 2 * MAX_ISSUES]:
        if error["input"] is not None or error["type"] == "missing":  # empty values were refused already
            yield _issue(text, model, error, at)


def _issue(text: Source, model: type[BaseModel], error: ErrorDetails, at: Loc) -> Issue:
    """Say in words for people what pydantic found."""
    loc, found, noun = (*at, *error["loc"]), error["type"], text.kind.noun
    field = str(loc[-1]) if loc else ""
    context: Mapping[str, Any] = error.get("ctx", {})
    if found == "missing":
        code, hint = text.kind.mandatory.get(field, ("missing-key", None))
        where = _naming(text.kind, error["input"], loc) if len(loc) > 1 else f"the {noun}"
        return text.issue(code, f"{where} lacks '{field}'", loc[:-1], hint=hint)
    if found == "extra_forbidden":
        known = _keys_at(model, error["loc"][:-1])
        hint = did_you_mean(field, known) or f"the keys here are {listing(known, 20)}"
        return text.issue("unknown-key", f"{quoted(field)} is no key of {text.kind} here", loc, hint=hint, at_key=True)
    word = _word(noun, loc)
    if found == "too_short":
        return text.issue("empty-list", f"'{word}' is an empty list", loc, hint="name one or leave the key out")
    if found == "too_long":
        message = f"'{word}' has {context['actual_length']} entries; it may have {context['max_length']}"
        return text.issue("too-large", message, loc)
    if found in _TYPES:
        return text.issue("bad-type", f"'{word}' is not {_TYPES[found]}", loc)
    return text.issue(found, context["message"], loc, hint=context["hint"])


def _word(noun: str, loc: Loc) -> str:
    """Name the key that an error is about: the last word of its path, with the place in a list after it."""
    index = f"[{loc[-1]}]" if loc and isinstance(loc[-1], int) else ""
    return next((part for part in reversed(loc) if isinstance(part, str)), noun) + index


def _naming(kind: FileKind, entry: object, loc: Loc) -> str:
    """Call an entry by its id or name, where it has one."""
    if isinstance(entry, dict):
        for noun, key in kind.naming:
            if isinstance(entry.get(key), str):
                return f"{kind.sections.get(str(loc[0]), noun)} {quoted(entry[key])}"
    return "this entry"


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that the schema knows at a path."""
    inner: type[BaseModel] | None = model
    for part in loc:
        if inner is None or isinstance(part, int):
            continue
        field = next((f for name, f in inner.model_fields.items() if part in (name, f.alias)), None)
        # What is no field is a name that the writer chose (a list's): its entry is of the same model.
        inner = inner if field is None else _model_in(field.annotation)
    return [] if inner is None else [field.alias or name for name, field in inner.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for each in get_args(annotation) if (model := _model_in(each)) is not None), None)
