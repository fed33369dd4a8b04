"""What came by, as metrics."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.watch import InterfaceCounters, WatchCounters
from tests.build.expositions import samples
from tests.build.states import NOON, busy_state, fresh_state


def test_reasons_are_summed_over_interfaces() -> None:
    """Why frames were thrown away is one question, where is another."""
    one, two = (
        InterfaceCounters(name, True, 9, 900, 0, discarded, 1, None, None)
        for name, discarded in (("a", {"filter": 2}), ("b", {"filter": 3, "too-long": 1}))
    )
    state = replace(fresh_state(), watch=WatchCounters((one, two), {}, 0, 1))

    assert samples(state, "auditor_discarded_frames_total") == [
        'auditor_discarded_frames_total{reason="filter"} 5.0',
        'auditor_discarded_frames_total{reason="too-long"} 1.0',
    ]


def test_why_an_interface_is_down_is_not_told() -> None:
    """The words are the system's; they belong into the log."""
    assert samples(busy_state(), "auditor_interface_up") == [
        'auditor_interface_up{interface="mirror0"} 1.0',
        'auditor_interface_up{interface="mirror1"} 0.0',
    ]


def test_a_replayed_file_goes_by_its_name() -> None:
    """Folders have the names of people."""
    one = InterfaceCounters("/home/ada/captures/monday.pcapng", True, 9, 900, 0, {}, 1, None, None)
    state = replace(fresh_state(), watch=WatchCounters((one,), {}, 0, 1))

    assert samples(state, "auditor_frames_total") == ['auditor_frames_total{interface="monday.pcapng"} 9.0']


def test_files_of_one_name_are_one() -> None:
    """Nothing is left out, and no series is there twice."""
    one, two = (
        InterfaceCounters(f"/srv/{day}/a.pcapng", is_open, 9, 900, 0, {"filter": 1}, 1, last, None)
        for day, is_open, last in (("monday", True, NOON), ("tuesday", False, None))
    )
    state = replace(fresh_state(), watch=WatchCounters((one, two), {}, 0, 1))

    assert samples(state, "auditor_frames_total") == ['auditor_frames_total{interface="a.pcapng"} 18.0']
    assert samples(state, "auditor_interface_up") == ['auditor_interface_up{interface="a.pcapng"} 0.0']
    assert samples(state, "auditor_discarded_frames_total") == ['auditor_discarded_frames_total{reason="filter"} 2.0']
    assert len(samples(state, "auditor_interface_last_frame_timestamp_seconds")) == 1


def test_an_interface_without_a_frame_has_no_time_of_one() -> None:
    """0 would be 1970."""
    assert samples(busy_state(), "auditor_interface_last_frame_timestamp_seconds") == [
        'auditor_interface_last_frame_timestamp_seconds{interface="mirror0"} 1.7956062e+09'
    ]


def test_flows_start_at_zero() -> None:
    """Before the first frame too."""
    assert samples(fresh_state(), "auditor_flows_total") == [
        'auditor_flows_total{transport="tcp"} 0.0',
        'auditor_flows_total{transport="udp"} 0.0',
    ]
