"""Who had which address is the same however frames lie in files, how many cores look, and if frames come twice."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.build.capture import pcap
from tests.build.frames import MILLISECOND, START, Frame
from tests.build.holders import advertised, arp, dhcp, dhcp6, solicited
from tests.properties.seeing import examples, see, see_files

if TYPE_CHECKING:
    from auditor.model.binding import Seen
    from auditor.model.capture import Sighting

SECOND = 1000 * MILLISECOND
HOSTS = st.integers(1, 20).map(lambda number: (f"02:00:00:00:00:{number % 3:02x}", number))


@st.composite
def words(draw: st.DrawFn) -> list[Frame]:
    """Draw what hosts and servers say within some hours, in the order of time."""
    frames: list[Frame] = []
    time = START
    for _ in range(draw(st.integers(1, 30))):
        mac, number = draw(HOSTS)
        ip, ip6, vlan = f"10.20.0.{number}", f"2001:db8:20::{number:x}", draw(st.sampled_from([(), (20,), (100, 20)]))
        frames.append(
            draw(
                st.sampled_from(
                    [
                        arp(mac, ip, ip, vlan=vlan, time=time),
                        arp(mac, ip, "10.20.0.1", reply=True, vlan=vlan, time=time),
                        dhcp("request", mac, ip, host=f"host{number}", vlan=vlan, time=time),
                        dhcp("ack", mac, ip, vlan=vlan, time=time),
                        dhcp("ack", mac, ip, relay="10.20.0.1", time=time),
                        dhcp("release", mac, ip, vlan=vlan, time=time),
                        dhcp6("request", mac, host=f"host{number}", time=time),
                        dhcp6("reply", mac, ip6, time=time),
                        advertised(mac, ip6, time=time),
                        solicited(mac, ip6, "2001:db8:20::1", time=time),
                    ]
                )
            )
        )
        time += draw(st.sampled_from([MILLISECOND, 11 * SECOND, 3700 * SECOND]))
    return frames


def told(sighting: Sighting) -> Any:  # noqa: ANN401 - what must be equal, in a form that is easy to compare
    """Return all that was said and when, but for the places of frames."""

    def when(seen: Seen) -> int:
        return seen.time

    bindings = [
        b._replace(first=when(b.first), last=when(b.last), announced=tuple(map(when, b.announced)))  # type: ignore[arg-type]
        for b in sighting.bindings
    ]
    return bindings, [lease._replace(at=when(lease.at)) for lease in sighting.leases]  # type: ignore[arg-type]


@examples(60)
@given(frames=words(), data=st.data())
def test_cuts_into_files_and_jobs_do_not_change_who_had_an_address(frames: list[Frame], data: st.DataObject) -> None:
    """Files in any order, looked at by any number of workers, say what one file says."""
    places = data.draw(st.lists(st.integers(0, len(frames)), max_size=4).map(sorted), label="cuts")
    parts = [frames[low:high] for low, high in itertools.pairwise([0, *places, len(frames)])]
    files = data.draw(st.permutations([pcap(part) for part in parts]), label="listed")
    jobs = data.draw(st.sampled_from([1, 2, 3]), label="jobs")

    assert told(see_files(files, jobs=jobs)) == told(see(frames))


@examples(40)
@given(frames=words())
def test_frames_that_come_twice_are_one_word(frames: list[Frame]) -> None:
    """A mirror of two ports delivers some twice: no lease is two, and no device has another address."""
    twice = [Frame(frame.time + late, frame.data) for frame in frames for late in (0, MILLISECOND // 2)]

    (bindings, leases), (again, leases_again) = told(see(frames)), told(see(twice))

    assert leases_again == leases
    assert [(b.ip, b.mac, b.kind, b.vlan, b.first, b.shared) for b in again] == [
        (b.ip, b.mac, b.kind, b.vlan, b.first, b.shared) for b in bindings
    ]
