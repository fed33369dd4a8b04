"""Changes of captures do what they say, the same at every time, and keep the labels."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests import build
from tests.lab.changes import CHANGES, apply
from tests.lab.conversations import conversations
from tests.lab.frames import ETHERNET, Frame, Recording, read_pcapng, save
from tests.lab.labels import End, Label, Labels, read

if TYPE_CHECKING:
    from pathlib import Path

HOST, REMOTE = build.End("10.20.3.14", 51000), build.End("198.51.100.20", 6881)


def talk() -> Recording:
    """Return a connection in which both ends say a lot."""
    said = [(side, bytes(1000)) for _ in range(100) for side in ("orig", "resp")]
    frames = build.tcp_stream(HOST, REMOTE, said)  # type: ignore[arg-type]
    return Recording("employees", ETHERNET, 262144, tuple(Frame(time, data, len(data)) for time, data in frames))


def changed(name: str, seed: int = 1) -> Recording:
    """Return the talk after a change."""
    return CHANGES[name](talk(), random.Random(seed))  # noqa: S311 - chance that can be repeated


def test_one_direction_is_what_one_end_sent() -> None:
    """The two together are the whole."""
    [out], [into] = (conversations(changed(name).frames) for name in ("outbound", "inbound"))

    assert [end.ip for end in out.payload] == [HOST.ip]
    assert [end.ip for end in into.payload] == [REMOTE.ip]
    assert len(changed("outbound").frames) + len(changed("inbound").frames) == len(talk().frames)


def test_a_late_beginning_has_no_syn() -> None:
    """The flow is there, and its beginning is not."""
    [flow] = conversations(changed("late").frames)

    assert not flow.begun
    assert flow.total < conversations(talk().frames)[0].total


@pytest.mark.parametrize(("name", "rate"), [("loss1", 0.01), ("loss5", 0.05)])
def test_loss_loses_about_as_much_as_it_says(name: str, rate: float) -> None:
    """Over several seeds."""
    kept = sum(len(changed(name, seed).frames) for seed in range(30))

    assert 1 - kept / 30 / len(talk().frames) == pytest.approx(rate, rel=0.3)


def test_reordering_moves_frames_and_loses_none() -> None:
    """In order of time afterwards, in another order than before."""
    before, after = talk().frames, changed("reorder").frames

    assert sorted(frame.data for frame in after) == sorted(frame.data for frame in before)
    assert [frame.data for frame in after] != [frame.data for frame in before]
    assert [frame.time for frame in after] == sorted(frame.time for frame in after)


def test_vlan_tags_and_snap_lengths_leave_the_flow() -> None:
    """The same conversation, with the same bytes on the wire."""
    [plain], [tagged], [snapped] = (
        conversations(each.frames) for each in (talk(), changed("vlan"), changed("snap128"))
    )

    assert plain.payload == tagged.payload == snapped.payload
    assert max(len(frame.data) for frame in changed("snap128").frames) == 128


@pytest.mark.parametrize("name", CHANGES)
def test_the_copy_has_the_labels_and_its_change_and_is_the_same_again(tmp_path: Path, name: str) -> None:
    """The file too, byte for byte."""
    save(tmp_path / "a.pcapng", [talk()], "a test")
    label = Label("bulk", False, "iperf3", "tcp", End(HOST.ip, None), End(REMOTE.ip, 6881))
    Labels("a.pcapng", "a test", 3, labels=[label]).write(tmp_path / "a.labels.json")

    first = apply(name, tmp_path, "a").read_bytes()

    assert read(tmp_path / f"a+{name}.labels.json").changes == [name]
    assert read(tmp_path / f"a+{name}.labels.json").labels == [label]
    assert apply(name, tmp_path, "a").read_bytes() == first
    assert [len(each.frames) for each in read_pcapng(tmp_path / f"a+{name}.pcapng")]
