"""How frames lie in files, and how many cores look at them, is nobody's business."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.capture import pcap, pcapng
from tests.properties.networks import networks
from tests.properties.seeing import everything, examples, see, see_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.capture import Sighting
    from tests.build.frames import Frame
    from tests.properties.scenarios import Scenario


def zstandard(content: bytes) -> bytes:
    """Compress with zstd, which Python itself does from 3.14 on."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        from backports import zstd  # noqa: PLC0415
    packed: bytes = zstd.compress(content)
    return packed


Form = Callable[["Sequence[Frame]"], bytes]
FORMS: dict[str, Form] = {
    "pcap": pcap,
    "pcap, microseconds": lambda frames: pcap(frames, nano=False),
    "pcap, big-endian": lambda frames: pcap(frames, endian=">"),
    "pcapng": pcapng,
    "pcapng, microseconds": lambda frames: pcapng(frames, resolution=6),
    "pcapng, gzip": lambda frames: gzip.compress(pcapng(frames), mtime=0),
    "pcap, zstd": lambda frames: zstandard(pcap(frames)),
}


def what(sighting: Sighting) -> tuple[Any, ...]:
    """Return all that the number of workers must not change, the proving frames and their order included."""
    captures = [(capture.packets, capture.anomalies) for capture in sighting.captures]
    seen = sighting.flows, sighting.activities, sighting.torrents, sighting.bindings, sighting.leases
    return *seen, sighting.totals, sighting.limits_hit, captures


@examples(40)
@given(scenario=networks(), data=st.data())
def test_cuts_into_files_do_not_change_what_is_seen(scenario: Scenario, data: st.DataObject) -> None:
    """Frames cut into files anywhere, of any form and given in any order, are one stream."""
    frames = scenario.frames()
    places = data.draw(st.lists(st.integers(0, len(frames)), max_size=5).map(sorted), label="cuts")
    bounds = [0, *places, len(frames)]
    parts = [frames[low:high] for low, high in itertools.pairwise(bounds)]
    forms = data.draw(st.lists(st.sampled_from(sorted(FORMS)), min_size=len(parts), max_size=len(parts)), label="forms")
    files = [FORMS[form](part) for form, part in zip(forms, parts, strict=True)]
    listed = data.draw(st.permutations(files), label="listed")

    assert everything(see_files(listed)) == everything(see(frames))


@pytest.mark.parametrize("jobs", [2, 3, 5])
@examples(15)
@given(scenario=networks())
def test_jobs_do_not_change_what_is_seen(jobs: int, scenario: Scenario) -> None:
    """Any number of workers gives the same facts in the same order, with the same frames as their proof."""
    frames = scenario.frames()

    assert what(see(frames, jobs=jobs, dht_flows=True)) == what(see(frames, dht_flows=True))


@examples(15)
@given(scenario=networks(), jobs=st.sampled_from((2, 3, 5)), data=st.data())
def test_jobs_do_not_matter_where_captures_overlap(scenario: Scenario, jobs: int, data: st.DataObject) -> None:
    """The same holds where two taps of one vantage point each have some of the frames."""
    frames = scenario.frames()
    mine = data.draw(st.lists(st.booleans(), min_size=len(frames), max_size=len(frames)), label="which tap")
    files = [pcap([f for f, which in zip(frames, mine, strict=True) if which is tap]) for tap in (True, False)]

    alone, shared = see_files(files, dht_flows=True), see_files(files, jobs=jobs, dht_flows=True)

    assert what(shared) == what(alone)
    assert everything(alone) == everything(see(frames, dht_flows=True))
