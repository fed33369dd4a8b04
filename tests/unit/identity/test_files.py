"""Files that sources name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.identity import files
from auditor.identity.files import find
from auditor.identity.schema import SourceEntry

if TYPE_CHECKING:
    from pathlib import Path


def source(*patterns: str, name: str = "dhcp", follow: bool = False) -> SourceEntry:
    """Make a source that names files."""
    return SourceEntry(name=name, kind="isc-dhcpd", files=patterns, follow=follow)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with some files."""
    (tmp_path / "sub").mkdir()
    for name in ("a.leases", "a.leases.1", "b.leases", "sub/c.leases"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_patterns_are_relative_and_sorted_and_each_file_comes_once(folder: Path) -> None:
    """Whatever the order in which a folder lists them; another folder is no file."""
    found = find([source("b.leases", "*", "./a.leases", str(folder / "sub" / "*.leases"))], folder)

    assert [file.shown for file in found.files[0]] == [
        str(folder / "sub/c.leases"),
        "a.leases",
        "a.leases.1",
        "b.leases",
    ]
    assert found.files[0][1].path.samefile(folder / "a.leases")
    assert not found.defects


def test_a_file_has_one_source(folder: Path) -> None:
    """By whichever path or link it is named."""
    (folder / "link").symlink_to(folder / "a.leases")
    found = find([source("a.leases"), source("link", name="other")], folder)

    assert [(each.code, each.loc) for each in found.defects] == [("file-named-twice", (1, "files", 0))]


def test_what_is_not_there_is_told(folder: Path) -> None:
    """With the nearest name, if there is one; what is followed may come later."""
    found = find([source("a.lease", "nowhere/x", "sub"), source("z*", name="later", follow=True)], folder)

    assert [(each.code, each.severity, each.hint) for each in found.defects] == [
        ("missing-file", "error", "did you mean 'a.leases'?"),
        ("missing-file", "error", "there is no folder 'nowhere'"),
        ("missing-file", "error", "name the files in it: sub/*"),
        ("missing-file", "warning", "it is read once it is there"),
    ]


def test_what_cannot_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read."""
    real = type(folder).open

    def denied(path: Path, *args: object) -> object:
        if path.name == "b.leases":
            raise PermissionError(13, "Permission denied")
        return real(path, *args)  # type: ignore[call-overload]

    monkeypatch.setattr(type(folder), "open", denied)
    (defect,) = find([source("*.leases")], folder).defects

    assert (defect.code, defect.message) == ("unreadable-file", "'b.leases' cannot be read: Permission denied")


def test_a_pattern_has_so_many_files_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip of the hand does not list a whole disk."""
    monkeypatch.setattr(files, "MAX_FILES", 2)
    found = find([source("*")], folder)

    assert [each.code for each in found.defects] == ["too-large"]
    assert len(found.files[0]) == 2


def test_a_name_that_would_steer_a_terminal_is_written_out(folder: Path) -> None:
    """It is shown with every line."""
    (folder / "x\x1b[2J.leases").write_text("")

    assert find([source("x*")], folder).files[0][0].shown == "x\\x1b[2J.leases"
