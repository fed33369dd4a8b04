"""What the command line promises, kept with real captures: which captures, which codes, which outputs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from auditor.frames.client import describe
from tests.samples.auditing import POLICY, ROOT, SAMPLES, TRUTHS, audited, path_of, run, truth, whole

if TYPE_CHECKING:
    from pathlib import Path

MAIN = [sys.executable, "-c", "from auditor.cli import main; main()"]


def command(*arguments: str | Path, stdin: bytes = b"", limit: int | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``auditor`` as a process of its own; with ``limit``, its output is read no further than so many bytes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    words = [*MAIN, *map(str, arguments)]
    if limit is None:
        return subprocess.run(words, input=stdin, capture_output=True, env=environment, check=False)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        head = child.stdout.read(limit)
        child.stdout.close()
        error = child.stderr.read() if child.stderr else b""
        return subprocess.CompletedProcess(words, child.wait(), head, error)


@pytest.mark.parametrize(
    ("captures", "options", "code"),
    [
        (["clean-hour.pcapng"], [], 0),
        (["office-day.pcapng"], [], 1),
        (["office-day.pcapng"], ["--exit-zero"], 0),
        (["office-day.pcapng", "README.md"], [], 3),
        (["office-day.pcapng", "README.md"], ["--exit-zero"], 3),
        (["office-day.pcapng", "nowhere.pcap"], [], 3),
        (["office-day.pcapng"], ["--duration", "5m"], 2),
        (["office-day.pcapng", "README.md"], ["--policy", "nowhere.yaml"], 2),
        (["office-day.pcapng"], ["--frames", "i-9999"], 2),
        (["clean-hour.pcapng"], ["--prometheus-textfile", "nowhere/auditor.prom"], 2),
    ],
)
def test_the_gravest_outcome_gives_the_exit_code(captures: list[str], options: list[str], code: int) -> None:
    """As a shell sees it."""
    ended = command("audit", "--policy", POLICY, *options, *(SAMPLES / name for name in captures))

    assert ended.returncode == code
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("source", ["native", "scapy"])
def test_standard_input_is_a_capture_like_any_other(source: str) -> None:
    """Even compressed; only its name differs."""
    name = "handshake-qbittorrent"
    options = ("--policy", POLICY, "--format", "json", "--all-flows", "--source", source)
    ended = command("audit", *options, "-", stdin=path_of(name).read_bytes())
    document = json.loads(ended.stdout)

    assert document["captures"][0].pop("path") == "-"
    wanted = json.loads(json.dumps(whole(name)))
    del wanted["captures"][0]["path"]
    assert document == wanted


def test_what_comes_on_standard_input_and_is_no_capture_is_named_so() -> None:
    """Not ``-``, which says nothing."""
    ended = command("audit", "-", stdin=b"hello\n")

    assert ended.returncode == 3
    assert b"standard input could not be read: at offset 0: expected a pcap" in ended.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    """``auditor audit … | head -1``."""
    ended = command("audit", "--policy", POLICY, "--format", "jsonl", "--all-flows", SAMPLES, limit=100)

    assert ended.returncode in {0, 1}
    assert b"rror" not in ended.stderr


def test_a_folder_and_a_pattern_mean_the_captures_in_them() -> None:
    """What is no capture is left out, and counted; nothing is read twice."""
    folder = run("--format", "json", SAMPLES)
    both = audited(str(SAMPLES / "*.pcap*"), SAMPLES)

    captures = {str(SAMPLES / truth(_name(each))["sample"]) for each in TRUTHS}
    captures |= {str(path) for path in SAMPLES.glob("*/*.pcapng")}
    assert len(both["captures"]) == len(captures)
    assert {each["path"] for each in both["captures"]} == captures
    assert {**json.loads(folder.out), "captures": None} == {**both, "captures": None}
    left_out = sum(path.is_file() for path in SAMPLES.rglob("*")) - len(captures)
    assert f"{left_out} files in folders left out" in folder.err


def _name(truth_file: Path) -> str:
    return truth_file.name.removesuffix(".truth.json")


def test_captures_of_one_vantage_point_count_once_and_of_two_twice(tmp_path: Path) -> None:
    """The same connection, recorded at two places."""
    for place in ("office", "uplink"):
        shutil.copy(path_of("handshake-libtorrent"), tmp_path / f"{place}.pcapng")

    [one] = audited(tmp_path)["incidents"]
    parted = audited("--vantage", "here=office*", "--vantage", "there=uplink*", tmp_path)

    assert one["downloaded"] == whole("handshake-libtorrent")["incidents"][0]["downloaded"]
    assert [each["downloaded"] for each in parted["incidents"]] == [one["downloaded"]] * 2
    assert sorted(flow["vantage"] for flow in parted["flows"]) == ["here", "there"]
    assert sorted(capture["vantage"] for capture in parted["captures"]) == ["here", "there"]


@pytest.mark.parametrize("identifier", ["i-0001", "f-000002"])
def test_the_frames_that_prove_it_are_decoded(identifier: str) -> None:
    """Of an incident or a flow; the handshakes are among them."""
    ended = run("--frames", identifier, path_of("handshake-transmission"))

    assert ended.code == 1
    assert ended.out.splitlines()[0].startswith(f"{path_of('handshake-transmission')}: ")
    assert ended.out.count("BitTorrent handshake, infohash a19d56e3865a720d1c611d9b97d18495211b46e9") == 2
    assert "(-TR3000-" in ended.out


def test_no_credential_is_shown_when_frames_are_decoded() -> None:
    """Each client tells its tracker a key by which it is known again."""
    path = path_of("handshake-transmission")
    keys = set(re.findall(rb"[?&]key=([^& ]+)", path.read_bytes()))
    texts = "\n".join(
        describe(path, range(1, 1 + min(1000, whole("handshake-transmission")["captures"][0]["packets"])))
    )

    assert keys
    assert "key=" in texts
    assert not [key for key in keys if key.decode() in texts]


def test_the_textfile_says_the_same_and_names_nobody(tmp_path: Path) -> None:
    """Counts by group and verdict; no address, infohash or name, readable by the node exporter."""
    textfile = tmp_path / "auditor.prom"

    ended = run("--prometheus-textfile", textfile, path_of("office-day"))

    text = textfile.read_text()
    assert ended.code == 1
    assert textfile.stat().st_mode & 0o777 == 0o644
    labels = 'group="contractors",kind="swarm",severity="high",verdict="violation"'
    assert f"auditor_audit_incidents{{{labels}}} 1.0\n" in text
    assert 'auditor_audit_bytes{direction="up",group="contractors",verdict="violation"} 786432.0\n' in text
    assert not re.search(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]{40}|approved-linux", text)
