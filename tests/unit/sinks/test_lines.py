"""Lines for a file or a Unix socket."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from auditor.model.moment import HOUR
from auditor.sinks import lines
from auditor.sinks.lines import LineFile, LinesEntry, LineSocket, Rotation, open_lines


def rotation(**said: object) -> Rotation:
    """A rotation as a file says it."""
    return Rotation.model_validate(said)


def test_lines_are_added_to_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    """What was there before stays."""
    path = tmp_path / "eve.json"
    for text in (b"one", b"two"):
        file = LineFile(path, None)
        file.write([text, text])
        file.close()
        file.close()

    assert path.read_text() == "one\none\ntwo\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_file_is_put_aside(tmp_path: Path) -> None:
    """So many older ones are kept, the newest as .1; no line is torn or lost between them."""
    file = LineFile(tmp_path / "eve.json", rotation(bytes=10, keep=2))
    for number in range(6):
        file.write([b"line%d" % number])
    file.close()

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "eve.json": "line5\n",
        "eve.json.1": "line4\n",
        "eve.json.2": "line3\n",
    }


def test_each_hour_has_its_file(tmp_path: Path) -> None:
    """By the wall clock, at the first line of the hour; also where the hour passed while nothing ran."""
    now = tmp_path.stat().st_mtime_ns // HOUR * HOUR
    file = LineFile(tmp_path / "eve.json", rotation(every="hour"), clock=lambda: now)
    file.write([b"before"])
    now += HOUR
    file.write([b"after"])
    file.write([b"after"])
    file.close()
    again = LineFile(tmp_path / "eve.json", rotation(every="hour"), clock=lambda: now + 48 * HOUR)
    again.write([b"much later"])
    again.close()

    assert (tmp_path / "eve.json.2").read_text() == "before\n"
    assert (tmp_path / "eve.json.1").read_text() == "after\nafter\n"
    assert (tmp_path / "eve.json").read_text() == "much later\n"


def test_a_file_that_others_move_away_is_opened_again(tmp_path: Path) -> None:
    """As logrotate does it, without a signal; and one that was emptied is gone on with."""
    path = tmp_path / "eve.json"
    file = LineFile(path, None)
    file.write([b"one"])
    path.rename(tmp_path / "eve.json-20261122")
    file.write([b"two"])
    assert path.read_text() == "two\n"
    path.write_text("")
    file.write([b"three"])
    path.unlink()
    file.write([b"four"])
    file.close()

    assert path.read_text() == "four\n"


def test_what_a_full_disk_cut_off_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next line begins on a line of its own."""
    path = tmp_path / "eve.json"
    file = LineFile(path, None)
    file.write([b"whole"])
    written = iter([4])
    real = os.write

    def write(descriptor: int, data: memoryview) -> int:
        room = next(written, None)
        if room is None:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:room])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="No space"):
        file.write([b"torn to pieces"])
    monkeypatch.undo()
    file.write([b"whole again"])
    file.close()

    assert path.read_text() == "whole\nwhole again\n"


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """It is refused, not waited for."""
    os.mkfifo(tmp_path / "eve.json")

    with pytest.raises(OSError, match=r"No such device|no regular file"):
        LineFile(tmp_path / "eve.json", None).write([b"x"])
    with pytest.raises(OSError, match="no regular file"):
        LineFile(Path("/dev/null"), None).write([b"x"])


def test_lines_go_to_a_stream_socket(tmp_path: Path) -> None:
    """And over a new connection once the other end began anew."""
    path = tmp_path / "siem.sock"
    out = LineSocket(path, is_stream=True)
    with pytest.raises(OSError, match="No such file"):
        out.write([b"nobody listens"])
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(path))
            server.listen()
            for _ in range(3):
                try:
                    out.write([b"one", b"two"])
                except OSError:
                    continue
                break
            connection, _ = server.accept()
            with connection:
                assert connection.recv(100) == b"one\ntwo\n"
        path.unlink()
    out.close()


def test_each_line_is_a_datagram(tmp_path: Path) -> None:
    """Without a line break, as Suricata sends them."""
    path = tmp_path / "siem.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        out = LineSocket(path, is_stream=False)
        out.write([b"one", b"x" * lines.MAX_LINE])
        out.close()

        assert [server.recv(1 << 17) for _ in range(2)] == [b"one", b"x" * lines.MAX_LINE]


def test_one_who_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    """It is an error after a while."""
    path = tmp_path / "siem.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        out = LineSocket(path, is_stream=True, timeout=0.05)
        with pytest.raises(TimeoutError):
            out.write([b"x" * lines.MAX_LINE] * 100)


def test_where_lines_go_is_written_in_one_word(tmp_path: Path) -> None:
    """A socket is not rotated."""
    said = {"kind": "eve", "to": f"unix:{tmp_path}/s", "rotate": {}}
    with pytest.raises(ValidationError, match="a socket is not rotated"):
        LinesEntry.model_validate(said)
    assert isinstance(open_lines(LinesEntry.model_validate({"kind": "eve", "to": f"file:{tmp_path}/f"})), LineFile)
    assert isinstance(open_lines(LinesEntry.model_validate({"kind": "eve", "to": f"unix:{tmp_path}/s"})), LineSocket)
