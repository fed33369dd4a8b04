"""auditor.identity.readers.table."""

from __future__ import annotations

import pytest

from auditor.identity.readers.table import cells, columns


def test_cells_may_be_quoted() -> None:
    """A delimiter and a doubled quote inside quotes are of the field."""
    assert cells(b'a,"b,c","d""e",') == ["a", "b,c", 'd"e', ""]
    assert cells(b'a;"b;c"', ";") == ["a", "b;c"]


@pytest.mark.parametrize("line", [b'"a,b', b'"a"b,c', b'a,"'])
def test_quotes_that_do_not_close_are_no_row(line: bytes) -> None:
    """What follows on another line is not guessed at."""
    with pytest.raises(ValueError, match="quotes"):
        cells(line)


def test_columns_are_found_by_name() -> None:
    """Upper and lower case are one; a name that comes twice is none."""
    assert columns([" IP", "Mac "]) == {"ip": 0, "mac": 1}
    with pytest.raises(ValueError, match="twice"):
        columns(["ip", "IP"])
