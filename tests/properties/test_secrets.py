"""Credentials and pieces that pass on the wire are in no output, however they are spelt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import pytest

from auditor import engine
from auditor.engine import CapturePath
from auditor.frames.client import describe
from tests.build import write_pcapng
from tests.properties.planted import KEY, MARK, PIECE, capture, planted
from tests.properties.seeing import POLICY, options

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLEAN, VIOLATION = 0, 1


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write all that was planted into a capture."""
    return write_pcapng(tmp_path_factory.mktemp("planted") / "capture.pcapng", capture())


@pytest.fixture(scope="module")
def document(recorded: Path) -> dict[str, list[dict[str, object]]]:
    """Return the audit's document."""
    found: dict[str, list[dict[str, object]]] = json.loads(auditor("--format", "json", "--all-flows", recorded).out)
    return found


def auditor(*arguments: str | Path, columns: int = 100) -> Ended:
    """Run ``auditor audit`` by the shipped policy, with all that it says of its own failures."""
    env = {**os.environ, "COLUMNS": str(columns), "AUDITOR_DEBUG": "1"}
    return command("audit", "--policy", str(POLICY), *map(str, arguments), env=env)


def command(*arguments: str, env: dict[str, str] | None = None) -> Ended:
    """Run ``auditor``."""
    words = [sys.executable, "-m", "auditor", *arguments]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    assert ended.returncode in (CLEAN, VIOLATION), ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def spellings(secret: bytes) -> Iterator[str]:
    """Yield how bytes can stand in a text; in base64, whatever stands before them."""
    plain = secret.decode("latin-1")
    yield from (plain, plain.lower(), plain.upper(), repr(secret)[2:-1], json.dumps(plain)[1:-1], ascii(plain)[1:-1])
    yield from (quote_from_bytes(secret, safe=""), "".join(f"%{byte:02x}" for byte in secret))
    yield from (secret.hex(), secret.hex(" "), secret.hex(":"), str(list(secret))[1:-1])
    yield from ("".join(f"\\x{byte:02x}" for byte in secret), str(int.from_bytes(secret)))
    for before in range(3):
        encoded = b64encode(bytes(before) + secret).decode()
        yield encoded[-(-8 * before // 6) : 8 * (before + len(secret)) // 6]


def assert_without_secrets(shown: str) -> None:
    """Look for each secret in each spelling, with small and with capital letters."""
    assert shown
    for text in (shown, shown.lower(), shown.upper()):
        for secret in (MARK, KEY, PIECE):
            for spelt in spellings(secret):
                place = text.find(spelt)
                assert place < 0, f"{secret!r} as {spelt!r}: …{shown[max(0, place - 200) : place + 100]}…"


def test_every_secret_is_on_the_wire_and_every_talk_is_seen(recorded: Path) -> None:
    """Nothing is kept out of outputs because it was never looked at: each talk is a flow with something seen in it."""
    wire = recorded.read_bytes()
    seen = engine.sight([CapturePath(str(recorded), "default")], options(dht_flows=True))
    ends = {(str(flow.resp.ip), flow.resp.port): flow for flow in seen.flows}

    assert wire.count(MARK) > 40
    assert KEY in wire
    assert wire.count(PIECE) > 4000
    for name, talk in planted().items():
        assert (talk.server.ip, talk.server.port) in ends, f"nothing was seen of: {name}"


def test_nothing_leaves_the_engine(recorded: Path) -> None:
    """Credentials are blanked before an observation leaves the engine; the info dict, which has none, does."""
    seen = engine.sight([CapturePath(str(recorded), "default")], options(dht_flows=True))

    assert_without_secrets(repr((seen.flows, seen.activities, seen.captures, seen.torrents, seen.totals)))


@pytest.mark.parametrize("columns", [40, 100, 400])
def test_text_has_none(recorded: Path, columns: int) -> None:
    """What people read, narrow and wide, with the names of torrents."""
    ended = auditor("--show-names", "--color", "always", recorded, columns=columns)

    assert "10.20.0.5" in ended.out
    assert_without_secrets(ended.out + ended.err)


@pytest.mark.parametrize("source", ["native", "scapy"])
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_documents_have_none(recorded: Path, form: str, source: str) -> None:
    """What programs read, with all flows and names, whatever read the capture."""
    ended = auditor("--format", form, "--all-flows", "--show-names", "--source", source, recorded)

    assert '"infohashes"' in ended.out
    assert_without_secrets(ended.out + ended.err)


def test_metrics_have_none(recorded: Path, tmp_path: Path) -> None:
    """What Prometheus scrapes."""
    textfile = tmp_path / "auditor.prom"
    ended = auditor("--prometheus-textfile", textfile, recorded)

    assert_without_secrets(textfile.read_text() + ended.out + ended.err)


def test_no_decoded_frame_shows_one(recorded: Path) -> None:
    """What is shown of frames is chosen, not what is hidden: every frame of the capture may be asked for."""
    count = len(capture())

    shown = describe(recorded, range(1, count + 1))

    assert len(shown) == count
    assert_without_secrets("\n".join(shown))


def test_frames_asked_for_on_the_command_line_show_none(
    recorded: Path, document: dict[str, list[dict[str, object]]]
) -> None:
    """The frames of an incident and of a flow, and what is said beside them."""
    ids = [str(document[kind][0]["id"]) for kind in ("incidents", "flows")]

    for each in ids:
        ended = auditor("--frames", each, recorded)
        assert_without_secrets(ended.out + ended.err)


def test_the_schema_has_none() -> None:
    """It is made of no capture, and is here for completeness."""
    assert_without_secrets(command("schema", "audit").out)


def test_the_traceback_of_a_failure_has_none(recorded: Path) -> None:
    """AUDITOR_DEBUG=1 shows where it failed, and nothing of what was at hand there."""
    program = (
        "import sys; from auditor.cli import main, output\n"
        "def fail(text, *_):\n    raise RuntimeError\n"
        "output.emit = fail; sys.argv = ['auditor', *sys.argv[1:]]; main()"
    )
    words = [sys.executable, "-c", program, "audit", "--format", "json", str(recorded)]
    env = {**os.environ, "AUDITOR_DEBUG": "1"}
    ended = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=env, check=False)

    assert ended.returncode == 70
    assert "Traceback" in ended.stderr
    assert_without_secrets(ended.stdout + ended.stderr)


@pytest.mark.parametrize("secret", [MARK, KEY, PIECE])
def test_every_spelling_would_be_found(secret: bytes) -> None:
    """The search itself finds a secret that somebody encoded, in the middle of other bytes."""
    for before in (b"", b"x", b"xy"):
        text = before + secret + b"and more"
        for shown in (text.decode("latin-1"), text.hex(), b64encode(text).decode(), quote_from_bytes(text), str(text)):
            with pytest.raises(AssertionError):
                assert_without_secrets(shown)
