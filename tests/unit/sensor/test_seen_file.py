"""What frames showed of addresses, from one run of a sensor to the next."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from auditor.model.binding import Known, Seen
from auditor.sensor import seen_file
from auditor.sensor.seen_file import SeenFile
from tests.build.sighting import NINE, binding, lease

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHONE = "52:54:00:00:00:01"
KNOWN = Known(
    ("mirror0", "mirror1"),
    (lease("10.40.9.9", PHONE)._replace(vlan=(40,), host="phone"),),
    (binding("2001:db8::9", PHONE)._replace(announced=(Seen(NINE, (1, 7)),)),),
)


@pytest.fixture
def file(tmp_path: Path) -> SeenFile:
    """One that holds what is known."""
    kept = SeenFile(tmp_path / seen_file.NAME)
    kept.write(KNOWN)
    return kept


def test_what_was_written_is_read(file: SeenFile) -> None:
    """Every value with its type: addresses, tags, frames."""
    assert file.read() == KNOWN


def test_where_nothing_was_written_nothing_is_known(tmp_path: Path) -> None:
    """As at the first start."""
    assert SeenFile(tmp_path / seen_file.NAME).read() == Known()


def test_it_is_for_its_user_alone(file: SeenFile, tmp_path: Path) -> None:
    """It tells who had which address."""
    file.write(KNOWN)

    assert stat.S_IMODE((tmp_path / seen_file.NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [seen_file.NAME]


def test_a_run_that_was_killed_while_it_wrote_hinders_nobody(file: SeenFile, tmp_path: Path) -> None:
    """What is whole stays, and is replaced the next time."""
    (tmp_path / f".{seen_file.NAME}.new").write_bytes(b"[1,[[")

    assert file.read() == KNOWN
    file.write(Known())
    assert file.read() == Known()


def _placed(value: Any) -> Any:  # noqa: ANN401 - JSON
    value[1][1][0][3][1][0] = 2
    return value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "not as they were written"),
        (lambda _: "", "not as they were written"),
        (lambda text: text.replace("10.40.9.9", "10.40.9.999"), "not as they were written"),
        (lambda text: text.replace('"granted"', '"given"'), "not as they were written"),
        (lambda text: text.replace("[1,", "[2,", 1), "it has form 2, and this is 1"),
        (lambda text: json.dumps(_placed(json.loads(text))), "it has frames of nowhere"),
        (lambda text: text + " " * 2000, "it has more than 2000 bytes"),
    ],
    ids=["cut-off", "empty", "no-address", "no-such-event", "other-form", "no-such-place", "too-large"],
)
def test_what_is_damaged_is_refused(
    file: SeenFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str], words: str
) -> None:
    """In words that quote nothing of it."""
    monkeypatch.setattr(seen_file, "MAX_BYTES", 2000)
    path = tmp_path / seen_file.NAME
    path.write_text(change(path.read_text()))

    with pytest.raises(ValueError, match=words) as refused:
        file.read()

    assert "10.40.9.9" not in str(refused.value)
    assert PHONE not in str(refused.value)
