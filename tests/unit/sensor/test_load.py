"""From sensor files to settings."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.model.moment import MINUTE, NANOSECONDS
from auditor.sensor import load
from auditor.written.issue import BadFile

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[2] / "cases" / "sensors"
ELSEWHERE = {"sensor-unreadable"}
LEAST = "version: 1\npolicy: policy.yaml\ninterfaces: eth1\n"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda case: case.stem)
def test_a_broken_sensor_file_is_told_in_these_words(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file has the defect that its name says, and its reader is told what the text beside it says."""
    monkeypatch.chdir(CASES)
    issues = load.read(Path(case.name), {}).issues

    assert "".join(issue.render() + "\n" for issue in issues) == case.with_suffix(".txt").read_text("utf-8")
    assert case.stem in {issue.code for issue in issues}


def test_every_code_has_its_broken_file() -> None:
    """A new defect comes with the file that shows it."""
    folder = Path(load.__file__).parent
    sources = "".join((folder / f"{name}.py").read_text("utf-8") for name in ("fields", "load", "kernel_filter"))
    named = set(re.findall(r'(?:defect|Issue|_note)\(\s*"([a-z0-9-]+)"', sources))

    assert named - {case.stem for case in CASES.glob("*.yaml")} <= ELSEWHERE


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Return what writes a sensor file: the least of one, and what is given."""

    def write(rest: str = "") -> Path:
        path = tmp_path / "sensor.yaml"
        path.write_text(LEAST + rest)
        return path

    return write


def test_three_lines_are_enough(written: Callable[[str], Path], tmp_path: Path) -> None:
    """All else has a default; paths are those of the file's folder."""
    made = load.load(written(""))
    assert made.policy == tmp_path / "policy.yaml"
    assert [each._asdict() for each in made.interfaces] == [
        {
            "vantage": None,
            "interface": "eth1",
            "snap_length": 262_144,
            "ring_bytes": 64 << 20,
            "block_bytes": 1 << 18,
            "promiscuous": True,
            "filter": (),
            "timestamps": "software",
        }
    ]
    assert (made.state_dir, made.key_file) == (Path("/var/lib/auditor"), Path("/var/lib/auditor/pseudonyms.key"))
    assert made.makes_key
    assert made.store[:3] == ("sqlite:////var/lib/auditor/evidence.sqlite", 20_000, Path("/var/lib/auditor/spool"))
    assert made.store[3:] == (256 << 20, NANOSECONDS // 4)
    assert made.metrics == ((ip_address("127.0.0.1"), 9465), None)
    assert (made.identity, made.canary, made.sinks, made.workers, made.log) == (None, None, (), 0, ("json", "info"))
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", made.name)
    assert made.files == {"sensor": tmp_path / "sensor.yaml", "policy": tmp_path / "policy.yaml"}


def test_everything_may_be_said(written: Callable[[str], Path], tmp_path: Path) -> None:
    """Each in the words of the file, ready for use."""
    path = written(
        "name: hq-1\nidentity: {file: identity.yaml, reload: 5m}\nkey_file: key\nstate_dir: state\nworkers: 2\n"
        "store: {url: records, queue: 500, spool: /var/spool/x, spool_size: 1 GiB, commit: 1s}\n"
        "metrics: {listen: '[::1]:9999', web_config: web.yml}\n"
        "canary: {every: 1h, over: namespace}\nlog: {format: console, level: debug}\n"
    )
    made = load.load(path)
    assert (made.name, made.identity, made.identity_reload) == ("hq-1", tmp_path / "identity.yaml", 5 * MINUTE)
    assert (made.key_file, made.makes_key, made.state_dir) == (tmp_path / "key", False, tmp_path / "state")
    assert made.store == (str(tmp_path / "records"), 500, Path("/var/spool/x"), 1 << 30, NANOSECONDS)
    assert (str(made.metrics.listen), made.metrics.web_config) == ("[::1]:9999", tmp_path / "web.yml")
    assert (made.canary, made.log) == ((60 * MINUTE, "namespace"), ("console", "debug"))


def test_a_ring_is_whole_blocks(written: Callable[[str], Path]) -> None:
    """The kernel takes no part of one."""
    path = written("")
    path.write_text("version: 1\npolicy: p\ninterfaces: [{name: eth1, ring: 1.1 MiB}, eth2]\n")
    assert [each.ring_bytes for each in load.load(path).interfaces] == [5 << 18, 64 << 20]


def test_filters_are_ready_for_the_kernel(written: Callable[[str], Path], tmp_path: Path) -> None:
    """In our words, or as tcpdump printed them."""
    path = written("")
    (tmp_path / "own.bpf").write_text("1\n6 0 0 262144\n")
    path.write_text(
        "version: 1\npolicy: p\n"
        "interfaces: [{name: eth1, filter_file: own.bpf}, {name: eth2, filter: not host 10.0.0.5}]\n"
    )
    first, second = load.load(path).interfaces
    assert first.filter == ((6, 0, 0, 262144),)
    assert len(second.filter) > 5


def test_a_key_comes_from_systemd(written: Callable[[str], Path]) -> None:
    """From the folder that it names; elsewhere that is an error, and only a warning where the file is looked at."""
    path = written("key_file: ${CREDENTIALS_DIRECTORY}/key\n")
    loaded = load.read(path, {"CREDENTIALS_DIRECTORY": "/run/credentials/x"})
    assert loaded.config is not None
    assert loaded.config.key_file == Path("/run/credentials/x/key")
    assert load.read(path, {}).config is None
    assert load.read(path, {}, at_rest=True).config is not None


def test_a_password_is_not_shown(written: Callable[[str], Path]) -> None:
    """Not with the issue, and not as the place of the store."""
    loaded = load.read(written("store: postgresql://auditor:hunter2@db.example:5432/auditor\n"), {})
    assert loaded.config is not None
    assert "hunter2" not in "".join(issue.render() for issue in loaded.issues)
    assert loaded.config.store.place == "postgresql://db.example:5432/auditor"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """With where an example is."""
    with pytest.raises(BadFile, match=r"sensor-unreadable.*No such file") as refusal:
        load.load(tmp_path / "none.yaml")
    assert "deploy/sensor.yaml" in str(refusal.value)


def test_sinks_are_what_their_kinds_make_of_them(written: Callable[[str], Path]) -> None:
    """Each under a name of its own."""
    path = written("sinks: [{kind: eve, to: 'file:/x/eve.json'}, {kind: eve, name: siem, to: 'unix:/run/siem'}]\n")
    assert [(sink.kind, sink.shown) for sink in load.load(path).sinks] == [("eve", "eve"), ("eve", "siem")]
