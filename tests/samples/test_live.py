"""Auditing and recording an interface: the loopback, over which two peers of ours talk meanwhile."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from auditor.audit.schema import schema
from tests.build import handshake, message, piece
from tests.samples.auditing import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GIVEN = bytes(5_000)
POLICY = """\
version: 1
purpose: try it on the loopback
people: none
inside: [127.0.0.0/8]
groups:
  - {name: loopback, networks: [127.0.0.0/8], default: {verdict: notice, severity: low, reason: none}}
  - {name: unattributed, default: {verdict: notice, severity: low, reason: none}}
  - {name: unknown, default: {verdict: notice, severity: low, reason: none}}
"""


def may_listen() -> bool:
    """Whether this process may open a packet socket."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except (AttributeError, OSError):
        return False
    return True


pytestmark = [pytest.mark.lab, pytest.mark.skipif(not may_listen(), reason="needs CAP_NET_RAW on Linux")]


def auditor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    words = [sys.executable, "-c", "from auditor.cli import main; main()", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(words, capture_output=True, text=True, env=environment, check=False, timeout=60)


@contextmanager
def talking(infohash: bytes) -> Iterator[None]:
    """Let two peers shake hands and give a piece, again and again."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        threads = [threading.Thread(target=_give, args=(server, infohash, stop))]
        threads.append(threading.Thread(target=_take, args=(server.getsockname(), infohash, stop)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _give(server: socket.socket, infohash: bytes, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            peer, _ = server.accept()
        except TimeoutError:
            continue
        with peer:
            peer.recv(68, socket.MSG_WAITALL)
            peer.sendall(handshake(infohash, b"-TR3000-mnopqrstuvwx") + piece(0, 0, GIVEN))
            peer.recv(5, socket.MSG_WAITALL)


def _take(address: tuple[str, int], infohash: bytes, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        with socket.create_connection(address, timeout=5) as peer:
            peer.sendall(handshake(infohash, b"-qB4520-abcdefghijkl"))
            peer.recv(68 + 13 + len(GIVEN), socket.MSG_WAITALL)
            peer.sendall(message(2))


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy by which the loopback is inside."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def assert_seen(document: dict[str, Any], infohash: bytes) -> None:
    """One incident with the infohash, and a whole connection in which every byte counts once."""
    [incident] = [each for each in document["incidents"] if each["infohashes"]["wire"] == [infohash.hex()]]
    flows = [each for each in document["flows"] if each["id"] in incident["flows"]]

    assert (incident["host"], incident["attribution"]["group"]) == ("127.0.0.1", "loopback")
    assert (incident["participation"], incident["confidence"]) == ("transferred", "confirmed")
    assert {"orig": 68 + 5, "resp": 68 + 13 + len(GIVEN)} in [flow["bytes"] for flow in flows]
    assert {peer["client"] for flow in flows for peer in flow["peers"]} == {"qBittorrent 4.5.2", "Transmission 3.00"}
    Draft202012Validator(schema()).validate(document)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["native", "scapy"])
def test_an_interface_is_audited_while_peers_talk(source: str, policy: Path) -> None:
    """Natively and through Scapy; the loopback shows every frame twice, and each counts once."""
    infohash = secrets.token_bytes(20)
    with talking(infohash):
        options = ("--policy", policy, "--source", source, "--format", "json")
        ended = auditor("audit", *options, "--interface", "lo", "--duration", "2s")

    document = json.loads(ended.stdout)
    [capture] = document["captures"]
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (capture["path"], capture["sha256"], capture["error"]) == ("lo", None, None)
    assert_seen(document, infohash)


@pytest.mark.slow
def test_what_was_recorded_is_audited_afterwards(tmp_path: Path, policy: Path) -> None:
    """Files for their owner alone, and the same facts as live."""
    infohash = secrets.token_bytes(20)
    folder = tmp_path / "recorded"
    with talking(infohash):
        recorded = auditor("capture", "lo", "--write", folder, "--duration", "2s", "--rotate-time", "1s")

    ended = auditor("audit", "--policy", policy, "--format", "json", folder)
    files = sorted(folder.iterdir())
    document = json.loads(ended.stdout)
    assert (recorded.returncode, recorded.stderr) == (0, "")
    assert recorded.stdout.splitlines() == [str(path) for path in files]
    assert len(files) >= 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [each["truncated"] for each in document["captures"]] == [False] * len(files)
    assert_seen(document, infohash)


@pytest.mark.parametrize("source", ["native", "scapy"])
def test_an_interface_that_is_not_there_could_not_be_read(source: str) -> None:
    """One sentence with its name, and the code of what could not be read."""
    ended = auditor("audit", "--source", source, "--interface", "nosuch0", "--duration", "1s")

    assert ended.returncode == 3
    assert "nosuch0 could not be read: " in ended.stderr
