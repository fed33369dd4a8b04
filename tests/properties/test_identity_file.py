"""Whatever an identity file holds, it is told what is wrong with it, or it is read."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.identity import load
from auditor.written.issue import MAX_ISSUES
from auditor.written.source import MAX_BYTES

CASES = Path(__file__).parents[1] / "cases" / "identities"
WHOLE = [path.read_bytes() for path in sorted(CASES.glob("*.yaml"))]
PIECES = [
    b"*a",
    b"&a ",
    b"{",
    b"[",
    b"- ",
    b": ",
    b"\n  ",
    b"'",
    b'"',
    b"|",
    b"any",
    b"/*/*",
    b"x" * 5000,
    b"\x00",
    b"\xff",
    b"\xc2\x85",
    b"!!x ",
    b"<<: ",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw one of the broken files with more damage."""
    text = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 8))
        text[at : at + length] = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
    return bytes(text)


@given(damaged() | st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_survived(content: bytes) -> None:
    """Issues have places in the file, and are no more than people can read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "identity.yaml"
        path.write_bytes(content)
        loaded = load.read_file(path)
    assert (loaded.identity is None) == any(issue.severity == "error" for issue in loaded.issues)
    assert len(loaded.issues) <= MAX_ISSUES + 1
    for issue in loaded.issues:
        assert issue.render().replace("\n", "").isprintable()
        assert issue.line <= len(content) + 1


def test_a_large_file_is_refused_before_it_is_read() -> None:
    """By its size; a device without end too."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "identity.yaml"
        path.write_bytes(b"#" * (MAX_BYTES + 1))
        assert [issue.code for issue in load.check(path)] == ["too-large"]
    assert [issue.code for issue in load.check(Path("/dev/zero"))] == ["too-large"]
