"""The accuracy table says what an audit found of what the labels say, on captures made for the purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import build
from tests.lab import accuracy
from tests.lab.conversations import conversations
from tests.lab.frames import ETHERNET, Frame, Recording, save
from tests.lab.join import nanoseconds
from tests.lab.labels import End, Label, Labels, read
from tests.lab.links import vlan_tag
from tests.lab.split import OPEN, SET_ASIDE, is_set_aside
from tests.lab.table import markdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST, SEED, WEB = build.End("10.20.3.14", 51000), build.End("198.51.100.20", 6881), build.End("198.51.100.80", 80)
TRUE, OTHER = bytes(range(20)), bytes(range(1, 21))


def hello(infohash: bytes) -> bytes:
    """Return a handshake."""
    return build.handshake(infohash, b"-XX0001-abcdefghijkl")


def recorded(*frames: Sequence[build.Frame]) -> Recording:
    """Return frames as the laboratory records them."""
    whole = tuple(Frame(time, data, len(data)) for part in frames for time, data in part)
    return Recording("employees", ETHERNET, 262144, tuple(sorted(whole, key=lambda frame: frame.time)))


def label(kind: str, remote: build.End, infohash: bytes | None = None, program: str = "libtorrent") -> Label:
    """Return the label of flows between the host and ``remote``."""
    names = (infohash.hex(),) if infohash else ()
    swarm = kind == "peer"
    ends = (End(HOST.ip, None), End(remote.ip, remote.port))
    return Label(kind, swarm, program, "tcp", *ends, infohashes=names, encryption="none" if swarm else None)


def folder_of(folder: Path, seed: int, labels: Sequence[Label], *frames: Sequence[build.Frame]) -> Path:
    """Write a capture with its labels."""
    save(folder / "run.pcapng", [recorded(*frames)], "a test")
    written = Labels("run.pcapng", "a test", seed, sharing=[HOST.ip], labels=list(labels))
    written.write(folder / "run.labels.json")
    assert read(folder / "run.labels.json") == written
    return folder


def peers(infohash: bytes) -> Sequence[build.Frame]:
    """Return a connection in which both ends name ``infohash``."""
    return build.tcp_stream(HOST, SEED, [("orig", hello(infohash)), ("resp", hello(infohash))])


def page() -> Sequence[build.Frame]:
    """Return a page over HTTP."""
    return build.tcp_stream(HOST, WEB, [("orig", b"GET / HTTP/1.1\r\n\r\n"), ("resp", b"HTTP/1.1 200 OK\r\n\r\n")])


def test_a_flow_that_was_found_counts_for_recall_and_its_infohash_is_right(tmp_path: Path) -> None:
    """A plain handshake and a page: all of one kind is found, nothing of the other."""
    folder = folder_of(tmp_path, 0, [label("peer", SEED, TRUE), label("web", WEB, program="curl")], peers(TRUE), page())

    measured = accuracy.measure(folder)["open"]
    text = markdown(measured)

    assert [(each.label.kind, each.confidence) for each in measured.verdicts] == [("peer", "confirmed"), ("web", None)]
    assert "| peer over TCP, plaintext | 1 | 1 | 0 | 0 | 1.000 (0.025 to 1.000) | 0.99 |" in text
    assert "| web (curl) | 1 | 0 | 0 | 0 | 0.9750 |" in text
    assert "| read, right: of the flows where the wire shows one | 1 | 1.000" in text
    assert "| took part in a swarm | 1 | 1.000" in text
    assert not list(accuracy.details(measured))


def test_a_wrong_infohash_and_a_false_positive_are_told(tmp_path: Path) -> None:
    """A flow that is found but is none, and one whose infohash is not the label's."""
    folder = folder_of(tmp_path, 0, [label("web", SEED, program="curl")], peers(TRUE))
    [false] = accuracy.details(accuracy.measure(folder)["open"])

    folder_of(tmp_path, 0, [label("peer", SEED, OTHER)], peers(TRUE))
    [wrong] = accuracy.details(accuracy.measure(folder)["open"])

    assert false.startswith("false: run.pcapng tcp 10.20.3.14 51000 > 198.51.100.20 6881")
    assert wrong.startswith("wrong infohash: ")


def test_a_flow_without_label_is_counted_apart(tmp_path: Path) -> None:
    """It is neither hit nor miss: the laboratory does not know what it is."""
    measured = accuracy.measure(folder_of(tmp_path, 0, [label("peer", SEED, TRUE)], peers(TRUE), page()))["open"]

    assert (len(measured.verdicts), measured.unexplained) == (1, 1)


def test_the_set_aside_half_is_not_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without ``--reveal`` its flows appear in figures alone."""
    folder = folder_of(tmp_path, 1, [label("web", SEED, program="curl")], peers(TRUE))

    accuracy.main([str(folder), "--details"])
    hidden = capsys.readouterr()
    accuracy.main([str(folder), "--details", "--reveal"])
    shown = capsys.readouterr()

    assert "| web (curl) | 1 | 1 |" in hidden.out
    assert "198.51.100.20" not in hidden.out + hidden.err
    assert "false: run.pcapng tcp 10.20.3.14" in shown.err


def test_the_report_says_what_was_recorded_and_how(tmp_path: Path) -> None:
    """Changed copies are not recordings."""
    for number, go, changes in (("3", "0", []), ("7", "0", []), ("7", "2", []), ("7", "2", ["vlan"])):
        labels = Labels("x", "x", 0, setup={"number": number, "again": go}, changes=changes)
        labels.write(tmp_path / f"{number}{go}{''.join(changes)}.labels.json")
    for seed in (0, 1):
        Labels(f"not-dig-seed{seed}.pcapng", "x", seed).write(tmp_path / f"not-dig-seed{seed}.labels.json")

    words, again = accuracy.recorded(tmp_path)

    assert words.startswith(
        "Recorded: 3 runs of clients, of 2 set-ups (2 with seed 0, 1 with seed 2), and 2 of 1 other"
    )
    assert "(with seeds 0 and 1)" in words
    assert again == ["record FOLDER --seeds 2 --run 7"]


def test_the_most_exact_label_counts() -> None:
    """What a client reported of one connection overrides what is known of a port."""
    ends = (End("10.20.3.14", 51000), End("198.51.100.20", 6881))
    vague = Label("peer", True, "aria2", "tcp", End("10.20.3.14", None), ends[1], encryption="unknown")
    exact = Label("peer", True, "aria2", "tcp", *ends, encryption="rc4")
    labels = Labels("x", "x", 0, labels=[exact, vague])

    assert labels.of("tcp", ends[1], ends[0]) is exact
    assert labels.of("tcp", End("10.20.3.14", 51001), ends[1]) is vague
    assert labels.of("udp", *ends) is None


def test_a_port_used_again_is_another_flow() -> None:
    """A SYN with a new sequence number begins anew; one that is repeated does not. VLAN tags change nothing."""
    first, again = (build.tcp_stream(HOST, SEED, [("orig", hello(name))]) for name in (TRUE, OTHER))
    later = [build.Frame(time + 10**10, data[:38] + b"\x01" + data[39:]) for time, data in again]
    recording = recorded(first, first[:1], later).mapped(vlan_tag(30))

    flows = conversations(recording.frames)

    assert len(flows) == 2
    assert [flow.total for flow in flows] == [68, 68]


def test_every_program_has_one_half_and_the_halves_are_alike() -> None:
    """Within each family they differ by one at most."""
    assert OPEN.keys() == SET_ASIDE.keys()
    assert all(abs(len(OPEN[family]) - len(SET_ASIDE[family])) <= 1 for family in OPEN)
    assert not {name for family in OPEN.values() for name in family} & {n for f in SET_ASIDE.values() for n in f}
    assert (is_set_aside("curl", 0), is_set_aside("curl", 1), is_set_aside("rsync", 0)) == (False, True, True)
    with pytest.raises(ValueError, match="neither half"):
        is_set_aside("unheard-of", 0)


def test_times_are_read_to_the_nanosecond() -> None:
    """As the published schema writes them."""
    assert nanoseconds("2026-11-22T09:00:00.000000001Z") == build.START + 1
