"""What people read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.cli import output
from auditor.cli.table import cell_width
from auditor.model.infohash import Infohash
from auditor.model.moment import HOUR, NANOSECONDS
from auditor.model.torrent import SeenTorrent
from auditor.pipeline.run import judge
from tests.build.audits import office_audit, policy
from tests.build.sighting import GUEST, OUTSIDER, capture, compared, connection, sighting
from tests.build.torrent import Torrent

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"


def plain(room: int) -> str:
    """Return the text of an office day without colour."""
    return re.sub(r"\x1b\[\d+m", "", "\n".join(output.audit_text(office_audit(), room))) + "\n"


@pytest.mark.parametrize("room", [60, 80, 120])
def test_the_text_is_as_it_was(room: int) -> None:
    """The whole text at three widths; a change of words or places is a change of these files."""
    assert plain(room) == (GOLDEN / f"audit-{room}.txt").read_text()


@pytest.mark.parametrize("room", [60, 61, 72, 79, 80, 99, 100, 132, 200])
def test_the_text_fits_every_terminal(room: int) -> None:
    """No line is wider than the terminal, from sixty columns up."""
    assert max(map(cell_width, plain(room).splitlines())) <= room


@pytest.mark.parametrize("room", [60, 80, 120])
def test_addresses_are_whole_at_every_width(room: int) -> None:
    """Folded they may be, cut they may not."""
    hosts = {str(incident.conduct.host) for incident in office_audit().incidents}
    folded = re.sub(r"\s", "", "".join(line[:25] for line in plain(room).splitlines()))

    for host in hosts:
        assert host in plain(room) or host[:14] in folded


def test_the_gravest_comes_first() -> None:
    """Violations, then notices, then what was allowed."""
    text = plain(80)

    assert text.index("VIOLATION: 2") < text.index("NOTICE: 8") < text.index("ALLOW: 1")


def test_a_rules_words_cannot_steer_the_terminal() -> None:
    """Whoever writes a policy or names a torrent writes into a terminal only letters."""
    [incident] = judge(sighting([connection("10.40.0.9", OUTSIDER)]), policy()).incidents
    judgement = incident.judgement._replace(reason="see\x07\nhere")
    hostile = incident._replace(name="a\x1b[2Jb\u202e", judgement=judgement)

    text = "\n".join(output.audit_text(office_audit()._replace(incidents=(hostile,)), 120))

    assert "a\\x1b[2Jb\\u202e" in text
    assert "see\\x07\\nhere" in text


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_995, "10.0 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (734_003_200, "734 MB"),
        (2**63, "9.22 EB"),
        (10**22, "10000 EB"),
    ],
)
def test_bytes_are_three_digits(count: int, words: str) -> None:
    """What rounds up to a thousand takes the next unit."""
    assert output.size(count) == words


@pytest.mark.parametrize(
    ("span", "words"),
    [(0, "0.0 s"), (12.5, "12.5 s"), (61, "1 min 1 s"), (8.5 * 3600, "8 h 30 min"), (50 * 3600, "2 d 2 h")],
)
def test_spans_have_two_units(span: float, words: str) -> None:
    """The largest, and the next."""
    assert output.duration(int(span * NANOSECONDS)) == words


def test_many_addresses_are_not_all_named() -> None:
    """The warning stays a sentence."""
    flows = [connection(f"192.0.2.{n}", OUTSIDER) for n in range(30)]

    words = output.undeclared(judge(sighting(flows), policy()))

    assert words.endswith("and 21 more")


def test_captures_without_hash_are_told() -> None:
    """--no-hash leaves a trace in the text."""
    result = judge(sighting(captures=[capture()._replace(sha256=None)]), policy())

    assert "1 capture without SHA-256" in "\n".join(output.audit_text(result, 120))


def test_time_spans_all_captures() -> None:
    """From the first packet of any to the last packet of any."""
    later = capture("b")._replace(first=capture().first, last=(capture().last or 0) + HOUR)

    assert "(9 h 0 min)" in "\n".join(output.audit_text(judge(sighting(captures=[capture(), later]), policy()), 120))


@pytest.mark.parametrize(
    ("choice", "no_color", "wanted"),
    [("auto", "", None), ("auto", "1", False), ("always", "1", True), ("never", "", False)],
)
def test_colour_follows_the_option_then_the_environment(
    monkeypatch: pytest.MonkeyPatch, choice: str, no_color: str, wanted: bool | None
) -> None:
    """An option that was given is stronger than NO_COLOR, which is stronger than the terminal."""
    monkeypatch.setenv("NO_COLOR", no_color)

    assert output.colour_wanted(choice) is wanted


@pytest.mark.parametrize("show_names", [False, True])
def test_what_was_verified_is_told_below_its_incident(show_names: bool) -> None:
    """How much of how many files; by name only where names are shown, and then harmless and not without end."""
    torrent = Torrent({f"\x1b[31mfile {number}": b"x" * 100 for number in range(12)})
    v1 = Infohash(torrent.infohash)
    proven = compared("resp", 1_200, wrong=50)._replace(files=tuple((number * 100, 100) for number in range(12)))
    seen = connection(GUEST, OUTSIDER, v1, down=1_250)._replace(verified=(proven,))
    whole = sighting([seen])._replace(torrents=(SeenTorrent(v1, None, torrent.info),))

    text = "\n".join(output.audit_text(judge(whole, policy(), show_names=show_names), 100))

    assert "verified of 12 files: 1.20 kB down, 0 B up; 50 B were not the torrent's" in text
    assert ("file 0: 100 B down, 0 B up" in text) == ("and 2 files more" in text) == show_names
    assert "\x1b[31mfile" not in text
