"""Names and hardware addresses of people stay out of every output, unless the policy says that they be named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "samples" / "handover"
USERS = {"pat": "zebulon", "kim": "yolanda"}
HOSTS = ("pat-laptop", "kim-phone")
MACS = ("52:54:00:6e:6a:89", "52:54:00:0f:a8:35", "da:a1:19:5e:00:17")
"""Those of the sample's truth."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The handover's files, with users of names that stand nowhere else."""
    for name in ("dhcpd.leases", "radius-detail", "conntrack.log", "identity.yaml", "policy.yaml"):
        text = (FOLDER / name).read_text()
        for user, planted in USERS.items():
            text = re.sub(rf'("|: ){user}("|$)', rf"\g<1>{planted}\g<2>", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(text)
    (tmp_path / "radius-detail").write_text((tmp_path / "radius-detail").read_text() + "\tzebulon is no attribute\n\n")
    (tmp_path / "policy.yaml").write_text(
        (tmp_path / "policy.yaml")
        .read_text()
        .replace("    users: zebulon\n", f"    users: zebulon\n    macs: '{MACS[0]}'\n")
    )
    return tmp_path


def printed(place: Path, people: str, *words: str) -> str:
    """Run a command of the sample's under this policy; return all that it says, on stdout, stderr and in files."""
    policy = place / "policy.yaml"
    policy.write_text(re.sub(r"people: \w+", f"people: {people}", policy.read_text()))
    metrics = place / "auditor.prom"
    command = [sys.executable, "-m", "auditor", *words]
    if words[0] == "audit":
        given = ["--policy", str(policy), "--identity", str(place / "identity.yaml")]
        command += [*given, "--prometheus-textfile", str(metrics), str(FOLDER / "inside.pcapng")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout + done.stderr + (metrics.read_text() if metrics.exists() else "")


def planted() -> list[re.Pattern[str]]:
    """Every spelling in which a person or a device could be told."""
    words = [*USERS.values(), *HOSTS]
    for mac in MACS:
        digits = mac.replace(":", "")
        words += [mac, mac.replace(":", "-"), digits, ".".join(re.findall("....", digits))]
    return [re.compile(re.escape(word), re.IGNORECASE) for word in words]


OUTPUTS = (
    ("audit",),
    ("audit", "--format", "json"),
    ("audit", "--format", "json", "--all-flows", "--show-names"),
    ("audit", "--format", "jsonl"),
    ("audit", "--frames", "i-0001"),
    ("audit", "--frames", "f-000001"),
)


@pytest.mark.parametrize("people", ["none", "pseudonym"])
@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
def test_nobody_is_named_in_any_output(place: Path, people: str, words: tuple[str, ...]) -> None:
    """Neither the subject nor the candidates, the sources, the frames, the warnings or the metrics."""
    shown = printed(place, people, *words)

    assert [pattern.pattern for pattern in planted() if pattern.search(shown)] == []


def test_named_people_are_named(place: Path) -> None:
    """What is searched for is there to be found."""
    shown = printed(place, "named", "audit", "--format", "json")

    assert "zebulon" in shown
    assert "yolanda" in shown


def test_pseudonyms_tell_people_apart_and_stay_the_same(place: Path) -> None:
    """One for each person, whatever device; another run under the same key has the same ones."""
    key = place / "key"
    key.write_bytes(bytes(range(32)))
    first, second = (
        set(re.findall(r"p-[0-9a-f]{20}", printed(place, "pseudonym", "audit", "--key-file", str(key)))) for _ in "12"
    )

    assert first == second
    assert len(first) == len(USERS)
