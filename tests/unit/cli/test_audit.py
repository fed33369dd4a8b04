"""``auditor audit``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.cli.output import LEAD, NOTHING_READ, NOTHING_SEEN
from tests.build.audits import office_day
from tests.build.sighting import (
    EMPLOYEE,
    GUEST,
    OUTSIDER,
    STRANGER,
    capture,
    connection,
    datagrams,
    flow,
    shake,
    sighting,
)

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Engine, Run

VIOLATION = sighting([connection(GUEST, OUTSIDER)])
BAD = "offset 0: 4 bytes of a pcap or pcapng header were expected"


def test_nothing_seen_is_said_and_is_no_violation(run: Run, engine: Engine, policy_file: str) -> None:
    """A clean capture ends with 0, and says what it says nothing about."""
    ended = run("audit", "--policy", policy_file, "day.pcapng")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(NOTHING_SEEN)
    assert "encrypted streams (MSE)" in ended.out
    assert LEAD in ended.out
    assert [each.path for each in engine.asked[0][0]] == ["day.pcapng"]


def test_violations_end_with_one(run: Run, engine: Engine, policy_file: str) -> None:
    """Unless they are to end with zero; the text is the same."""
    engine.saw = VIOLATION

    plain = run("audit", "--policy", policy_file, "day.pcapng")
    lenient = run("audit", "--policy", policy_file, "--exit-zero", "day.pcapng")

    assert (plain.code, lenient.code) == (1, 0)
    assert plain.out == lenient.out
    assert "VIOLATION: 1 incident" in plain.out


def test_an_unreadable_capture_is_told_after_the_others_were_audited(
    run: Run, engine: Engine, policy_file: str
) -> None:
    """One sentence on stderr with file, offset and what was expected; 3 is graver than 1."""
    engine.saw = VIOLATION._replace(captures=(capture("day.pcapng"), capture("notes.txt", error=BAD)))

    ended = run("audit", "--policy", policy_file, "--exit-zero", "day.pcapng", "notes.txt")

    assert ended.code == 3
    assert ended.err == f"notes.txt could not be read: {BAD}\n"
    assert "VIOLATION" in ended.out


def test_nothing_read_is_not_nothing_seen(run: Run, engine: Engine, policy_file: str) -> None:
    """An audit that read nothing does not say that there was nothing."""
    engine.saw = sighting(captures=[capture("notes.txt", error=BAD)])

    ended = run("audit", "--policy", policy_file, "notes.txt")

    assert ended.code == 3
    assert ended.out.startswith(NOTHING_READ)


def test_a_damaged_capture_was_read_in_part(run: Run, engine: Engine, policy_file: str) -> None:
    """What is before the damage was looked at, and counts; the code is that of what could not be read."""
    engine.saw = sighting(captures=[capture("day.pcapng", truncated=True, error=BAD)])

    ended = run("audit", "--policy", policy_file, "day.pcapng")

    assert (ended.code, ended.err) == (3, f"day.pcapng was read only in part: {BAD}\n")
    assert ended.out.startswith(NOTHING_SEEN)


def test_a_capture_without_packets_is_named(run: Run, engine: Engine, policy_file: str) -> None:
    """Else nobody would notice that nothing was seen because nothing was there."""
    engine.saw = sighting(captures=[capture("-")._replace(packets=0)])

    ended = run("audit", "--policy", policy_file, "-")

    assert ended.code == 0
    assert "standard input holds no packets." in ended.out


def test_a_truncated_capture_keeps_the_audits_code(run: Run, engine: Engine, policy_file: str) -> None:
    """It was audited as far as it goes, and the text says so."""
    engine.saw = sighting(captures=[capture("day.pcapng", truncated=True)])

    ended = run("audit", "--policy", policy_file, "day.pcapng")

    assert ended.code == 0
    assert "day.pcapng breaks off" in ended.out


def test_without_a_policy_stderr_says_what_that_means(run: Run, engine: Engine) -> None:
    """No groups, everyone unattributed, and what to run."""
    engine.saw = VIOLATION

    ended = run("audit", "day.pcapng")

    assert ended.code == 0
    assert "no groups are defined, everyone is `unattributed`. Run `auditor policy init`" in ended.err


def test_a_bad_policy_ends_with_two_before_anything_is_read(run: Run, engine: Engine, tmp_path: Path) -> None:
    """Every issue at its place on stderr, nothing on stdout."""
    (tmp_path / "bad.yaml").write_text("version: 1\nverson: 1\n")

    ended = run("audit", "--policy", str(tmp_path / "bad.yaml"), "day.pcapng")

    assert (ended.code, ended.out, engine.asked) == (2, "", [])
    assert "bad.yaml:2:1: unknown-key" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a capture"),
        (["day.pcapng", "--interface", "eth0", "--duration", "5m"], "one at a time"),
        (["--interface", "eth0"], "belong together"),
        (["day.pcapng", "--duration", "5m"], "belong together"),
        (["--frames", "i-0001", "--format", "json", "day.pcapng"], "--frames shows text"),
        (["--frames", "i-0001", "-"], "--frames shows text"),
        (["--vantage", "lab=lab-*", "day.pcapng"], "matches none of the captures"),
        (["--vantage", "lab", "day.pcapng"], "is not NAME=GLOB"),
        (["--format", "xml", "day.pcapng"], "xml"),
        (["--frames", "i-0009", "day.pcapng"], "no incident or flow 'i-0009'"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_contradictions_end_with_two(run: Run, arguments: list[str], words: str) -> None:
    """The command line is wrong, and stderr says why."""
    ended = run("audit", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_json_is_one_document_and_words_stay_on_stderr(run: Run, engine: Engine, policy_file: str) -> None:
    """What is piped into another program is data alone."""
    engine.saw = office_day()

    ended = run("audit", "--policy", policy_file, "--format", "json", "day.pcapng")

    assert json.loads(ended.out)["schema"] == "auditor.audit/1"
    assert "could not" not in ended.out


def test_json_lines_are_one_object_a_line(run: Run, engine: Engine, policy_file: str) -> None:
    """The first says what the rest are of."""
    engine.saw = VIOLATION

    ended = run("audit", "--policy", policy_file, "--format", "jsonl", "day.pcapng")

    assert [json.loads(line)["record"] for line in ended.out.splitlines()] == ["meta", "capture", "incident", "flow"]


def test_the_engine_is_told_what_the_options_say(run: Run, engine: Engine, policy_file: str, tmp_path: Path) -> None:
    """Networks of the policy, cores, hashing, flows of the DHT, vantage points."""
    (tmp_path / "lab-1.pcap").write_bytes(b"")

    run(
        *("audit", "--policy", policy_file, "--jobs", "3", "--no-hash", "--all-flows"),
        *("--vantage", "lab=lab-*", "day.pcapng", str(tmp_path / "lab-1.pcap")),
    )

    [(captures, options)] = engine.asked
    assert [each.vantage for each in captures] == ["default", "lab"]
    assert (options.jobs, options.digest, options.dht_flows, options.vlan_in_key) == (3, False, True, True)
    assert "10.40.0.0/16" in map(str, options.inside)


def test_bittorrent_without_an_inside_end_names_its_addresses(run: Run, engine: Engine, policy_file: str) -> None:
    """A warning says which addresses to declare, if they are ours."""
    engine.saw = sighting([connection(STRANGER, OUTSIDER)])

    ended = run("audit", "--policy", policy_file, "day.pcapng")

    assert "`inside` or `egress`" in ended.err
    assert OUTSIDER in ended.err
    assert STRANGER in ended.err


def test_files_in_folders_that_are_no_captures_are_counted(
    run: Run, engine: Engine, policy_file: str, tmp_path: Path
) -> None:
    """What was not looked at is said."""
    (tmp_path / "day.pcapng").write_bytes(b"\x0a\x0d\x0d\x0a")

    ended = run("audit", "--policy", policy_file, str(tmp_path))

    assert [Path(each.path).name for each in engine.asked[0][0]] == ["day.pcapng"]
    assert "1 file in folders left out" in ended.err


def test_a_folder_without_captures_ends_with_three(run: Run, engine: Engine, policy_file: str, tmp_path: Path) -> None:
    """It is a capture that could not be read."""
    (tmp_path / "none").mkdir()

    ended = run("audit", "--policy", policy_file, "--format", "json", str(tmp_path / "none"))

    assert ended.code == 3
    assert json.loads(ended.out)["captures"][0]["error"] == "the folder holds no capture file"
    assert engine.asked == [((), engine.asked[0][1])]


def test_an_interface_is_audited_for_a_while(run: Run, engine: Engine, policy_file: str) -> None:
    """And one that cannot be read ends with 3 and a sentence."""
    assert run("audit", "--policy", policy_file, "--interface", "eth0", "--duration", "1s").code == 0

    engine.raises = PermissionError(1, "Operation not permitted")
    ended = run("audit", "--policy", policy_file, "--interface", "eth0", "--duration", "1s")

    assert (ended.code, ended.err) == (3, "eth0 could not be read: Operation not permitted\n")


def test_a_result_is_recorded(run: Run, engine: Engine, policy_file: str, tmp_path: Path) -> None:
    """How many records and where is said on stderr; where it fails, that is said too, and the result printed."""
    engine.saw = VIOLATION
    words = ("audit", "--exit-zero", "--policy", policy_file, "day.pcapng")
    store = str(tmp_path / "evidence")

    plain = run(*words)
    kept = run(*words, "--store", store)
    failed = run(*words, "--store", "mysql://host/evidence")

    assert plain.out == kept.out == failed.out
    assert f"records of evidence written to {store}/evidence.sqlite" in kept.err
    assert "evidence is kept in SQLite or PostgreSQL" in failed.err
    assert (plain.code, kept.code, failed.code) == (0, 0, 3)
    listed = json.loads(run("evidence", "list", "--store", store, "--format", "json").out)["incidents"]
    assert [each["host"] for each in listed] == [GUEST]


def test_metrics_are_written_beside_the_output(run: Run, engine: Engine, policy_file: str, tmp_path: Path) -> None:
    """And a path that cannot be written is the command line's fault."""
    engine.saw = VIOLATION

    ended = run("audit", "--policy", policy_file, "--prometheus-textfile", str(tmp_path / "a.prom"), "day.pcapng")
    failed = run("audit", "--policy", policy_file, "--prometheus-textfile", "/nowhere/a.prom", "day.pcapng")

    assert ended.code == 1
    assert 'verdict="violation"' in (tmp_path / "a.prom").read_text()
    assert (failed.code, "cannot be written" in failed.err) == (2, True)


@pytest.mark.parametrize(("identifier", "numbers"), [("i-0001", [4, 9]), ("f-000001", [4, 9])])
def test_the_frames_of_an_incident_or_flow_are_decoded(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch, identifier: str, numbers: list[int]
) -> None:
    """From the capture that they stand in, each once."""
    engine.saw = VIOLATION
    asked: list[tuple[Path, list[int]]] = []

    def describe(path: Path, wanted: list[int], *, devices: bool) -> list[str]:
        assert not devices, "no policy named people"
        asked.append((path, wanted))
        return [f"frame {number}" for number in wanted]

    monkeypatch.setattr("auditor.frames.client.describe", describe)

    ended = run("audit", "--frames", identifier, "day.pcapng")

    assert asked == [(Path("day.pcapng"), numbers)]
    assert ended.out == "day.pcapng: 2 frames\nframe 4\nframe 9\n"


def test_colour_is_for_terminals_and_on_demand(run: Run, engine: Engine, policy_file: str) -> None:
    """Piped output has none; `always` has; the words are the same."""
    engine.saw = VIOLATION
    command = ("audit", "--policy", policy_file, "day.pcapng")

    assert "\x1b[" not in run(*command).out
    assert "\x1b[31m" in run(*command, "--color", "always").out


def test_hostile_names_reach_no_terminal(run: Run, engine: Engine, policy_file: str) -> None:
    """File names with escapes are shown escaped, on both streams."""
    engine.saw = office_day()

    ended = run("audit", "--policy", policy_file, "day.pcapng")

    assert "\x1b" not in ended.out + ended.err
    assert "notes\\x1b[2J.txt" in ended.err


def test_interruption_ends_with_130(run: Run, engine: Engine) -> None:
    """Ctrl-C while the engine works."""
    engine.raises = KeyboardInterrupt()

    assert run("audit", "day.pcapng").code == 130


def test_flows_of_the_dht_are_in_the_document(run: Run, engine: Engine, policy_file: str) -> None:
    """With --all-flows the engine returns them, and each names its incident."""
    engine.saw = sighting([flow(EMPLOYEE, OUTSIDER, [datagrams("orig"), shake("orig")], transport="udp")])

    ended = run("audit", "--policy", policy_file, "--format", "json", "--all-flows", "day.pcapng")

    assert len(json.loads(ended.out)["flows"][0]["incidents"]) == 2
