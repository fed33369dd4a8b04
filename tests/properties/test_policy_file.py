"""Whatever a policy file holds, it is told what is wrong with it, or it is read, within bounds of time and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policy import load
from auditor.written.issue import MAX_ISSUES

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "policies", ROOT / "tests" / "cases" / "policies")
WHOLE = [path.read_bytes() for folder in FOLDERS for path in sorted(folder.glob("*.yaml"))]
PIECES = [
    *(b"*a", b"&a ", b"{", b"}", b"[", b"]", b"- ", b": ", b"\n  ", b"'", b'"', b"|", b"? ", b"!!x ", b"<<: ", b"#"),
    *(b"\x00", b"\xff", b"\xc2\x85", b"\xe2\x80\xae", b"null", b"~", b"-1", b"1e999", b"0x", b"99999999999999999999"),
    *(
        b"10.0.0.0/8",
        b"::/0",
        b"\xd9\xa3",
        b"*" * 300,
        b"x" * 5000,
        b"2026-02-30",
        b"24:00-24:00",
        b"mon-mon",
        b"1 EiB",
    ),
]
SECONDS, BYTES = 10, 1 << 30
"""What a child may take for the worst files: a policy of five hundred rules takes a second and 100 MB."""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a shipped or a broken policy with damage, or parts of two put together."""
    text = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(0, 4))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text[at : at + length] = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
    if draw(st.booleans()):
        other = draw(st.sampled_from(WHOLE))
        cut = draw(st.integers(0, len(text)))
        text[cut:] = other[draw(st.integers(0, len(other))) :]
    return bytes(text)


@given(damaged() | st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_survived(content: bytes) -> None:
    """Issues have places in the file, and are no more than people can read; a policy without errors is one."""
    loaded = load.parse(content, ROOT / "policies" / "mutant.yaml", now=None)

    assert (loaded.policy is None) == any(issue.severity == "error" for issue in loaded.issues)
    assert len(loaded.issues) <= MAX_ISSUES + 1
    for issue in loaded.issues:
        assert issue.render().replace("\n", "").isprintable()
        assert issue.line <= len(content) + 1


def bombs() -> dict[str, str]:
    """Return files that ask for more than they are long."""
    doubling = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    groups = "\n".join(f"  - {{name: g{n}, networks: 10.{n % 250}.0.0/16}}" for n in range(100_000))
    return {
        "aliases that double": doubling,
        "an alias of itself": "a: &a [*a]\n",
        "merges that double": "x0: &x0 {k: 1}\n"
        + "".join(f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}\n" for n in range(1, 60)),
        "deep lists": "[" * 50_000,
        "deep mappings": "{a: " * 20_000,
        "many groups": f"version: 1\ngroups:\n{groups}\n",
        "a long pattern": "version: 1\ngroups: [{name: a, hosts: '" + "*a" * 20_000 + "'}]\n",
        "a number of a million digits": "version: " + "9" * 1_000_000 + "\n",
        "many issues": "".join(f"key{n}: 1\n" for n in range(50_000)),
    }


@pytest.mark.parametrize("content", bombs().values(), ids=bombs().keys())
def test_no_file_takes_more_than_its_share(content: str, tmp_path: Path) -> None:
    """Neither time, nor memory, nor a page of words."""
    path = tmp_path / "bomb.yaml"
    path.write_text(content)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))

    done = subprocess.run(
        [sys.executable, "-m", "auditor", "policy", "check", str(path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )

    assert done.returncode == 2, done.stderr[-500:]
    assert "internal error" not in done.stderr
    assert len(done.stdout) < 200_000
