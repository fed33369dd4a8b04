"""A file's text as a tree that knows where everything stands (YAML 1.2 core schema, the part that our files need).

PyYAML's own loader is wrong for them: it reads the MAC ``52:54:00:12:34:56`` as the integer 41135085296, ``no`` as
False, ``0123`` as 83, and keeps the last of two equal keys. Here only ``true``/``false``, ``null`` and plain decimal
integers are more than text; an integer that a machine word cannot hold, or with a leading zero, stays text, so that an
infohash made of digits survives. Floats stay text too: nothing in these files is one.

The text may be hostile: size, depth, aliases and the number of values after expansion are capped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from auditor.model.text import harmless
from auditor.written.issue import MAX_ISSUES, Issue, IssueSeverity, quoted

if TYPE_CHECKING:
    from auditor.written.kind import FileKind

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_ALIASES = 100
MAX_VALUES = 50_000
"""Values in the tree once every alias is written out: a nest of aliases would reach billions."""

Data = str | int | bool | None | tuple["Data", ...] | dict[str, "Data"]
Loc = Sequence[str | int]
"""A path into the data: keys and indexes, as pydantic gives it."""

_KEY_MARK = "[key]"
"""How pydantic ends the path of a mapping's key, rather than its value."""
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""Where PyYAML counts a new line."""
_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_PREFIX + name for name in ("str", "int", "bool", "null")}
_COLLECTION_TAGS = {_PREFIX + "map", _PREFIX + "seq"}


@dataclass(frozen=True, slots=True)
class Source:
    """A file that could be parsed."""

    kind: FileKind
    file: str
    lines: tuple[str, ...]
    root: yaml.MappingNode
    data: dict[str, Data]

    def issue(
        self,
        code: str,
        message: str,
        loc: Loc,
        *,
        hint: str | None = None,
        severity: IssueSeverity = "error",
        at_key: bool = False,
    ) -> Issue:
        """Make an issue about what stands at ``loc``: its value, or with ``at_key`` the key of that value."""
        node = _locate(self.root, loc, at_key=at_key)
        return _issue_at(self.file, self.lines, node, code, message, hint, severity)

    def line(self, loc: Loc) -> int:
        """Return the number of the line on which what stands at ``loc`` begins."""
        return int(_locate(self.root, loc).start_mark.line) + 1


def parse(kind: FileKind, file: str, content: bytes) -> tuple[Source | None, list[Issue]]:
    """Parse one file's bytes; without issues the source is usable."""
    try:
        text = _decode(kind, file, content)
        lines = tuple(_LINE_BREAK.split(text))
        root = _compose(kind, file, lines, text)
    except _Refusal as refusal:
        return None, [refusal.issue]
    reader = _Reader(kind, file, lines)
    data = reader.read(root)
    source = Source(kind, file, lines, root, data) if isinstance(data, dict) else None
    return source, reader.issues


class Marked(Protocol):
    """A node or an event: what knows where it stands."""

    start_mark: Any
    end_mark: Any


class _Refusal(Exception):  # noqa: N818 - an issue on its way out
    """There is no tree to go on with."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


class _Excess(Exception):  # noqa: N818 - an issue on its way out
    """A cap was reached at a place in the text."""

    def __init__(self, code: str, message: str, place: Marked) -> None:
        super().__init__(message)
        self.code, self.message, self.place = code, message, place


def _decode(kind: FileKind, file: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes"
        raise _Refusal(Issue("too-large", message, file, 0, 0, kind.shrink))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _Refusal(_not_utf8(file, content, problem)) from None


def _compose(kind: FileKind, file: str, lines: tuple[str, ...], text: str) -> yaml.MappingNode:
    try:
        root = _Loader(kind, text).get_single_node()
    except _Excess as excess:
        raise _Refusal(_issue_at(file, lines, excess.place, excess.code, excess.message)) from None
    except yaml.reader.ReaderError as problem:
        raise _Refusal(_not_printable(file, lines, text, problem)) from None
    except yaml.MarkedYAMLError as problem:
        raise _Refusal(_syntax(file, lines, problem)) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML lets Python's own errors out: "\UFFFFFFFF" is past chr(), a version in %YAML past int().
        raise _Refusal(Issue("yaml-syntax", "the YAML cannot be parsed", file, 0, 0)) from None
    if isinstance(root, yaml.MappingNode):
        return root
    if root is None:
        raise _Refusal(Issue("not-a-mapping", "the file is empty", file, 0, 0, kind.begin))
    message = f"{kind} is a mapping of keys to values"
    raise _Refusal(_issue_at(file, lines, root, "not-a-mapping", message, kind.begin))


class _Loader(yaml.SafeLoader):
    """Composes nodes within bounds. Nothing is ever constructed from a tag."""

    def __init__(self, kind: FileKind, stream: str) -> None:
        super().__init__(stream)
        self._kind = kind
        self._depth = 0
        self._aliases = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
        self._depth += 1
        self._nodes += 1
        if self._nodes > MAX_VALUES:
            raise _Excess("too-large", f"{self._kind} may have {MAX_VALUES} values", self.peek_event())  # type: ignore[no-untyped-call]
        if self._aliases > MAX_ALIASES:
            raise _Excess("alias-bomb", f"{self._kind} may use {MAX_ALIASES} aliases", self.peek_event())  # type: ignore[no-untyped-call]
        if self._depth > MAX_DEPTH:
            raise _Excess("too-deep", f"values are nested more than {MAX_DEPTH} deep", self.peek_event())  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {}  # PyYAML's are those of YAML 1.1
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
):
    _Loader.add_implicit_resolver(_PREFIX + _name, re.compile(rf"^(?:{_pattern})$"), list(_first))


class _Reader:
    """Turns nodes into plain data, and notes what YAML allows and our files do not."""

    def __init__(self, kind: FileKind, file: str, lines: tuple[str, ...]) -> None:
        self.issues: list[Issue] = []
        self._kind, self._file, self._lines = kind, file, lines
        self._values = 0
        self._entry: yaml.Node | None = None
        """The key of the whole file that is being read."""

    def read(self, root: yaml.Node) -> Data:
        try:
            return self._value(root, 0)
        except _Excess as excess:
            self._note(excess.place, excess.code, excess.message)
            return None

    def _value(self, node: yaml.Node, depth: int) -> Data:
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:  # a node inside itself is infinitely deep
            message = f"written out with its aliases, this has more than {MAX_VALUES} values"
            raise _Excess("alias-bomb", message, self._entry or node)
        if isinstance(node, yaml.MappingNode) and node.tag in _COLLECTION_TAGS:
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag in _COLLECTION_TAGS:
            return tuple(self._present(item, item, depth) for item in node.value)
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALAR_TAGS:
            return self._scalar(node)
        tag = node.tag.replace(_PREFIX, "!!")
        self._note(node, "yaml-tag", f"the tag {quoted(tag)} has no meaning in {self._kind}", "leave the tag out")
        return None

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Data]:
        found: dict[str, Data] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, "bad-key", "a key is a word, not a list or a mapping")
                continue
            if key.value in found:
                first = f"it stands on line {lines[key.value]} already"
                self._note(key, "duplicate-key", f"{quoted(key.value)} is given twice; {first}", "keep one of them")
                continue
            if depth == 0:
                self._entry = key
            lines[key.value] = key.start_mark.line + 1
            found[key.value] = self._present(key, value, depth)
        return found

    def _present(self, place: yaml.Node, node: yaml.Node, depth: int) -> Data:
        """Read a value that must be there: whether an empty one means nothing or everything is nobody's guess."""
        value = self._value(node, depth + 1)
        if value is None and isinstance(node, yaml.ScalarNode) and node.tag == _PREFIX + "null":
            what = f"{quoted(place.value)} has no value" if place is not node else "this item is empty"
            self._note(place, "empty-value", what, "give it a value or leave it out")
        return value

    def _scalar(self, node: yaml.ScalarNode) -> str | int | bool | None:
        text: str = node.value
        kind = node.tag.removeprefix(_PREFIX)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "int" and re.fullmatch(r"[-+]?[0-9]{1,18}", text, re.ASCII):
            return int(text)
        if kind != "str":  # only an explicit tag gets here: `!!int soon`
            self._note(node, "yaml-tag", f"{quoted(text)} is no {kind}", "leave the tag out")
        return text

    def _note(self, node: Marked, code: str, message: str, hint: str | None = None) -> None:
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(_issue_at(self._file, self._lines, node, code, message, hint))


def _locate(root: yaml.Node, loc: Loc, *, at_key: bool = False) -> yaml.Node:
    """Walk ``loc`` down the nodes as far as it leads; the last node reached is where people must look."""
    if loc and loc[-1] == _KEY_MARK:
        loc, at_key = loc[:-1], True
    node = root
    for depth, part in enumerate(loc):
        last = depth == len(loc) - 1
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value == part), None)
            if pair is None and isinstance(part, int):
                continue  # a list that is written as its only item
            if pair is None:
                break
            node = pair[0] if last and at_key else pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            break
    return node


def _issue_at(  # noqa: PLR0917 - an issue has these parts
    file: str,
    lines: tuple[str, ...],
    place: Marked,
    code: str,
    message: str,
    hint: str | None = None,
    severity: IssueSeverity = "error",
) -> Issue:
    start, end = place.start_mark, place.end_mark
    excerpt = lines[start.line] if start.line < len(lines) else ""
    flat = end.line == start.line and not isinstance(place, yaml.MappingNode)
    length = end.column - start.column if flat else 1
    return Issue(code, message, file, start.line + 1, start.column + 1, hint, severity, excerpt, max(1, length))


def _not_utf8(file: str, content: bytes, problem: UnicodeDecodeError) -> Issue:
    before = content[: problem.start]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    message = f"byte 0x{content[problem.start]:02x} at offset {problem.start} is not UTF-8"
    return Issue("not-utf8", message, file, line, column, "save the file as UTF-8")


def _not_printable(file: str, lines: tuple[str, ...], text: str, problem: yaml.reader.ReaderError) -> Issue:
    before = text[: problem.position]
    line = len(_LINE_BREAK.split(before))
    column = len(_LINE_BREAK.split(before)[-1]) + 1
    character = problem.character if isinstance(problem.character, int) else ord(problem.character)
    message = f"the character U+{character:04X} may not stand in YAML"
    return Issue("yaml-syntax", message, file, line, column, None, "error", lines[line - 1])


def _syntax(file: str, lines: tuple[str, ...], problem: yaml.MarkedYAMLError) -> Issue:
    words = [part for part in (problem.context, problem.problem) if part]
    message = harmless(", ".join(words), 200) or "the YAML cannot be parsed"
    mark = problem.problem_mark or problem.context_mark
    if mark is None:
        return Issue("yaml-syntax", message, file, 0, 0)
    excerpt = lines[mark.line] if mark.line < len(lines) else ""
    hint = "indent with spaces" if "'\\t'" in message else None
    return Issue("yaml-syntax", message, file, mark.line + 1, mark.column + 1, hint, "error", excerpt)
