"""auditor.identity.follow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from auditor.identity.follow import Follower, Following
from auditor.identity.readers.reader import Reading, Refused
from auditor.model.identity import Tenancy
from auditor.model.moment import NANOSECONDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return the path of a log that is not there yet."""
    return tmp_path / "leases.log"


def _lines(follower: Follower) -> list[tuple[int, bytes]]:
    return [each for piece in follower.poll() for each in enumerate(piece.lines, piece.first)]


def _add(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def test_lines_come_once_and_half_a_line_waits_for_its_end(log: Path) -> None:
    """A line is one when its end is written, whatever was there at the last poll."""
    follower = Follower(log)
    assert _lines(follower) == []

    _add(log, b"one\ntw")
    assert _lines(follower) == [(1, b"one")]
    assert _lines(follower) == []
    _add(log, b"o")
    assert _lines(follower) == []
    _add(log, b"\nthree\n")
    assert _lines(follower) == [(2, b"two"), (3, b"three")]
    follower.close()


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(log: Path) -> None:
    """What the program wrote after the renaming, and its last half line, come before the new file's first."""
    follower = Follower(log)
    _add(log, b"one\n")
    assert _lines(follower) == [(1, b"one")]

    log.rename(log.with_suffix(".1"))
    log.touch()  # logrotate's `create`; the program still has the old one open
    _add(log.with_suffix(".1"), b"two\n")
    assert _lines(follower) == [(2, b"two")]
    _add(log.with_suffix(".1"), b"three, cut off")
    assert _lines(follower) == []
    _add(log, b"four\n")

    pieces = list(follower.poll())
    assert [(piece.first, piece.lines, piece.is_beginning) for piece in pieces] == [
        (3, [b"three, cut off"], False),
        (1, [b"four"], True),
    ]
    follower.close()


def test_a_file_that_is_gone_is_waited_for(log: Path) -> None:
    """Between the renaming and the new file there may be none."""
    follower = Follower(log)
    _add(log, b"one\n")
    list(follower.poll())
    log.rename(log.with_suffix(".1"))

    assert _lines(follower) == []
    _add(log, b"two\n")
    assert _lines(follower) == [(1, b"two")]
    follower.close()


def test_several_renamings_between_polls_end_at_the_newest(log: Path) -> None:
    """The file that is open is finished; the one that bears the name now is begun."""
    follower = Follower(log)
    _add(log, b"one\n")
    list(follower.poll())
    _add(log, b"two\n")
    log.rename(log.with_suffix(".2"))
    _add(log, b"missed\n")
    log.rename(log.with_suffix(".1"))
    _add(log, b"three\n")

    assert _lines(follower) == [(2, b"two"), (1, b"three")]
    follower.close()


@pytest.mark.parametrize("text", [b"new\n", b"as long\nasbefore\n", b"longer than before was\nby far\n"])
def test_a_truncated_file_is_begun_again_even_if_it_has_grown_past_the_place(log: Path, text: bytes) -> None:
    """With copytruncate the file stays the same one; its bytes tell."""
    follower = Follower(log)
    _add(log, b"before 1\nbefore 2\nhalf")
    list(follower.poll())
    os.truncate(log, 0)
    _add(log, text)

    assert _lines(follower) == list(enumerate(text.splitlines(), 1))
    follower.close()


def test_a_program_that_does_not_append_leaves_a_hole_which_is_no_text(log: Path) -> None:
    """After copytruncate such a program writes on at its old place: NUL bytes before it are left out."""
    follower = Follower(log)
    with log.open("wb", buffering=0) as program:
        program.write(b"before\n" * 100)
        list(follower.poll())
        os.truncate(log, 0)
        list(follower.poll())
        program.write(b"after\n")

        assert _lines(follower) == [(1, b"after")]
    follower.close()


def test_a_change_in_the_middle_is_seen(log: Path) -> None:
    """A file is written anew in its place, as long as before, with another time in its first line."""
    follower = Follower(log)
    filler = b"10.30.0.58 alice-laptop *\n" * 10
    _add(log, b"1795355581 " + filler)
    list(follower.poll())
    with log.open("r+b") as file:
        file.write(b"1795355999")

    assert _lines(follower)[0] == (1, b"1795355999 10.30.0.58 alice-laptop *")
    follower.close()


def test_large_growth_comes_in_bounded_pieces(log: Path) -> None:
    """A poll after a long time does not read the file into memory."""
    follower = Follower(log)
    _add(log, b"0123456789abcde\n" * 100_000)

    pieces = [len(piece.lines) for piece in follower.poll()]

    assert sum(pieces) == 100_000
    assert max(pieces) <= 1 + (256 << 10) // 16
    follower.close()


LEASE = b"""lease 10.30.0.70 {
  starts 0 2026/11/22 12:53:07;
  ends 0 2026/11/22 13:03:07;
  binding state active;
  hardware ethernet 52:54:00:12:34:56;
"""
AGAIN = LEASE.replace(b"12:53:07", b"12:58:07").replace(b"13:03:07", b"13:08:07")


def test_half_a_block_waits_for_its_end(log: Path) -> None:
    """Statements come once, when their block is whole; rest() says so far that it is not."""
    following = Following("isc-dhcpd", log, Reading("dhcp", "dhcpd.leases"))
    _add(log, LEASE)
    assert list(following.poll()) == []
    assert following.rest() == (Refused(1, "the block has no end"),)
    _add(log, b"}\n")
    (first,) = following.poll()
    assert following.rest() == ()
    _add(log, AGAIN + b"}\n")
    (again,) = following.poll()

    assert isinstance(first, Tenancy)
    assert isinstance(again, Tenancy)
    assert (first.line.line, again.line.line) == (1, 7)
    assert again.start == first.start + 300 * NANOSECONDS
    following.close()


def test_a_new_file_ends_what_was_open_and_has_lines_of_its_own(log: Path) -> None:
    """Half a block at the old file's end is refused; the new one's lines count from 1."""
    following = Following("isc-dhcpd", log, Reading("dhcp", "dhcpd.leases"))
    _add(log, LEASE + b"}\nlease 10.30.0.71 {\n")
    assert [type(each) for each in following.poll()] == [Tenancy]
    log.rename(log.with_suffix(".1"))
    _add(log, AGAIN + b"}\n")

    refused, lease = following.poll()

    assert refused == Refused(7, "the block has no end")
    assert isinstance(lease, Tenancy)
    assert lease.line.line == 1
    following.close()


def test_a_snapshot_that_is_written_anew_has_the_time_of_its_writing(log: Path) -> None:
    """The lease file of dnsmasq tells no beginnings: each state of it holds from its own modification time."""
    following = Following("dnsmasq", log, Reading("dhcp", "dnsmasq.leases"))
    starts = []
    for second in (1_795_355_000, 1_795_355_300):
        log.write_bytes(b"%d 52:54:00:12:34:56 10.30.0.58 alice-laptop *\n" % (second + 600))
        os.utime(log, (second, second))
        (told,) = following.poll()
        assert isinstance(told, Tenancy)
        starts.append(told.start // NANOSECONDS)

    assert starts == [1_795_355_000, 1_795_355_300]
    following.close()


def test_a_line_that_is_too_long_is_refused_and_counted(log: Path) -> None:
    """As in a file that is whole."""
    following = Following("kea", log, Reading("dhcp", "kea-leases4.csv"))
    _add(log, b"a" * 70_000 + b"\n" + b"b\n")

    long, short = following.poll()

    assert long == Refused(1, "the line is longer than 65536 bytes")
    assert short == Refused(2, "the row has no names of columns above it")
    assert following.rest() == ()
    following.close()


def test_nothing_is_said_of_a_file_that_is_not_there(log: Path) -> None:
    """Neither a statement nor a refusal."""
    following = Following("windows-dhcp", log, Reading("dhcp", "DhcpSrvLog-Mon.log"))

    assert list(following.poll()) == []
    assert following.rest() == ()
    following.close()
