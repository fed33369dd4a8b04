"""What sentences call a file."""

from __future__ import annotations

import pytest

from auditor.written import source
from auditor.written.kind import FileKind

REGISTER = FileKind(article="an", noun="address register", begin="begin with 'version: 1'", shrink="make two of it")


@pytest.mark.parametrize(
    ("content", "told", "hint"),
    [
        (b"- a", "an address register is a mapping of keys to values", "begin with 'version: 1'"),
        (b"", "the file is empty", "begin with 'version: 1'"),
        (b"a: !!set {b}", "the tag '!!set' has no meaning in an address register", "leave the tag out"),
        (b"a: [" + b"b," * source.MAX_VALUES + b"]", "an address register may have 50000 values", None),
        (b"a: &x b\nc: [" + b"*x, " * 101 + b"]", "an address register may use 100 aliases", None),
        (b"x" * (source.MAX_BYTES + 1), "the file has more than 262144 bytes", "make two of it"),
    ],
)
def test_a_file_is_called_what_it_is(content: bytes, told: str, hint: str | None) -> None:
    """Nobody who wrote an address register is told about policies."""
    (issue,) = source.parse(REGISTER, "r.yaml", content)[1]
    assert (issue.message, issue.hint) == (told, hint)
