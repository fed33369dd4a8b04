"""No bytes, however malformed, make an audit fail, hang or take more memory than its caps allow."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.capture import pcap, pcapng
from tests.build.frames import Frame
from tests.properties.networks import networks
from tests.properties.seeing import examples
from tests.properties.survivor import Survivor
from tests.properties.test_files import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.properties.scenarios import Scenario

ROOT = Path(__file__).parents[2]
SMALL = sorted(
    str(path.relative_to(ROOT))
    for folder in ("samples", "tests/cases/laboratory")
    for path in (ROOT / folder).glob("*.pcap*")
    if path.stat().st_size < 600_000
)
Change = tuple[float, int]
"""Where, as a share of the bytes, and what to change a byte by."""
CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=12)
HEADERS = 130
"""How many of a frame's bytes are headers, mostly: what lies behind them is rarely looked at."""


@pytest.fixture(scope="module")
def survivor() -> Iterator[Survivor]:
    """Return the process that has to survive."""
    with Survivor() as started:
        yield started


@cache
def sample(name: str) -> bytes:
    """Read a sample."""
    return (ROOT / name).read_bytes()


def changed(content: bytes, changes: list[Change]) -> bytes:
    """Change some bytes."""
    broken = bytearray(content)
    for share, by in changes if content else ():
        broken[int(share * len(broken))] ^= by
    return bytes(broken)


@examples(40)
@given(name=st.sampled_from(SMALL), share=st.floats(0, 1), jobs=st.sampled_from((1, 2)))
def test_any_sample_may_end_anywhere(survivor: Survivor, name: str, share: float, jobs: int) -> None:
    """A capture that breaks off is audited as far as it goes; without any packet it may be no capture at all."""
    content = sample(name)

    reply = survivor.audit(content[: int(share * len(content))], jobs=jobs)

    assert reply["packets"] == 0 or reply["error"] is None


@examples(40)
@given(name=st.sampled_from(SMALL), changes=CHANGES)
def test_any_byte_of_a_sample_may_be_wrong(survivor: Survivor, name: str, changes: list[Change]) -> None:
    """Wrong lengths, types, numbers and compressed data are counted or said, and nothing more."""
    survivor.audit(changed(sample(name), changes))


@examples(40)
@given(scenario=networks(), changes=CHANGES, data=st.data())
def test_any_header_may_be_wrong(
    survivor: Survivor, scenario: Scenario, changes: list[Change], data: st.DataObject
) -> None:
    """What decoders and detectors read may be wrong in every frame of a capture that is well-formed itself."""
    frames = [
        Frame(frame.time, changed(frame.data[:HEADERS], changes) + frame.data[HEADERS:]) for frame in scenario.frames()
    ]
    cut = data.draw(st.sampled_from((262_144, 128, 60, 20)), label="snap length")
    make = data.draw(st.sampled_from((pcap, pcapng)), label="form")

    reply = survivor.audit(make(frames, snap_length=cut))

    assert reply["packets"] == len(frames)
    assert reply["error"] is None


@examples(25)
@given(scenario=networks(), form=st.sampled_from(sorted(FORMS)), changes=CHANGES, share=st.floats(0.2, 1))
def test_any_form_of_file_may_be_broken(
    survivor: Survivor, scenario: Scenario, form: str, changes: list[Change], share: float
) -> None:
    """The same holds for what other tools write: other byte orders, resolutions and compressions."""
    content = FORMS[form](scenario.frames())

    survivor.audit(changed(content[: int(share * len(content))], changes))


@examples(25)
@given(content=st.binary(max_size=300), head=st.sampled_from(("", "pcap", "pcapng", "gzip", "pcap, zstd")))
def test_anything_may_be_called_a_capture(survivor: Survivor, content: bytes, head: str) -> None:
    """Random bytes are no capture; behind a right beginning they are a damaged one."""
    beginnings = {"": b"", "gzip": gzip.compress(b"")[:10], **{form: FORMS[form]([])[:24] for form in FORMS}}

    survivor.audit(beginnings[head] + content)


def test_a_small_file_does_not_unfold_into_memory(survivor: Survivor) -> None:
    """A hundred megabytes of zeros behind a few kilobytes of gzip are read through, or refused, but never kept."""
    bomb = gzip.compress(pcap([]) + bytes(100 << 20), mtime=0)

    survivor.audit(bomb)


def test_the_survivor_notices_a_failure(survivor: Survivor) -> None:
    """The process that tests survival would tell of an exception."""
    with pytest.raises(AssertionError, match="ended with exit code"):
        survivor.audit(b"", jobs=-1)
