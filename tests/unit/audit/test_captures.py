"""Which captures are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.audit.captures import DEFAULT_VANTAGE, VantageRule, select, vantage_of

PCAPNG = b"\x0a\x0d\x0d\x0a" + bytes(24)
PCAP = b"\xd4\xc3\xb2\xa1" + bytes(20)
GZIP = b"\x1f\x8b\x08\x00"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with captures, and with what lies beside captures."""
    (tmp_path / "deep").mkdir()
    for name, content in {
        "b.pcapng": PCAPNG,
        "a.pcap": PCAP,
        "trace.pcap0": PCAP,
        "deep/c.cap.gz": GZIP,
        "README": b"what this is",
        "truth.json.gz": GZIP,
        "empty.pcap": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_folder_gives_its_captures_by_name(archive: Path) -> None:
    """By their first bytes, whatever their names; the rest is counted, not passed over in silence."""
    selection = select([str(archive)])

    assert [Path(p).name for p in selection.paths] == ["a.pcap", "b.pcapng", "c.cap.gz", "trace.pcap0"]
    assert selection.left_out == 3


def test_a_named_file_is_taken_at_its_word(archive: Path) -> None:
    """Whether it is a capture, or is there at all, is for the reader to say with an offset."""
    assert select([str(archive / "README"), "nowhere.pcap"]).paths == (str(archive / "README"), "nowhere.pcap")


def test_a_pattern_gives_its_files_in_order(archive: Path) -> None:
    """Also where the shell did not expand it, as in a quoted one with two stars."""
    selection = select([str(archive / "**" / "*.cap*"), str(archive / "*.pcap")])

    assert [Path(p).name for p in selection.paths] == ["c.cap.gz", "a.pcap", "empty.pcap"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(archive: Path) -> None:
    """Brackets are common in names."""
    (archive / "x[1].pcap").write_bytes(PCAP)

    assert select([str(archive / "x[1].pcap")]).paths == (str(archive / "x[1].pcap"),)


def test_each_capture_is_read_once(archive: Path) -> None:
    """However many arguments lead to it."""
    selection = select([str(archive / "a.pcap"), str(archive), f"{archive}/deep/../a.pcap", "-", "-"])

    assert sum("a.pcap" in path for path in selection.paths) == 1
    assert selection.paths.count("-") == 1


def test_what_leads_to_no_capture_is_refused_and_the_rest_read(archive: Path) -> None:
    """An empty folder and a pattern without a match are captures that could not be read."""
    (archive / "none").mkdir()

    selection = select([str(archive / "none"), str(archive / "*.erf"), str(archive / "a.pcap")])

    assert [capture.error for capture in selection.refused] == [
        "the folder holds no capture file",
        "no file matches the pattern",
    ]
    assert len(selection.paths) == 1


def test_vantage_points_are_named_by_pattern() -> None:
    """On the whole path or on the file's name; the first rule that matches counts."""
    rules = [VantageRule.parse("office=office-*"), VantageRule.parse("lab=*/lab/*")]

    assert vantage_of("day/office-1.pcap", rules) == "office"
    assert vantage_of("day/lab/office.pcap", rules) == "lab"
    assert vantage_of("day/home.pcap", rules) == DEFAULT_VANTAGE


@pytest.mark.parametrize("text", ["office", "=x", "office=", "a b=x", "../x=y", ""])
def test_a_vantage_rule_is_a_name_and_a_pattern(text: str) -> None:
    """Anything else is refused in one sentence."""
    with pytest.raises(ValueError, match="is not NAME=GLOB"):
        VantageRule.parse(text)
