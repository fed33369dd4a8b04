"""Whatever a sensor has in its state, its metrics identify nobody."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.health import FileState, OpenIncident, SensorState, SinkState, SourceState, StoreState
from auditor.model.watch import InterfaceCounters, Table, WatchCounters
from tests.build.expositions import exposition
from tests.build.states import NOON, busy_state

PERSON = "ada.lovelace"


def identifying() -> st.SearchStrategy[str]:
    """Addresses and infohashes as anybody writes them, also within other text."""
    mac = st.binary(min_size=6, max_size=6)
    plain = st.one_of(
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map(str),
        st.ip_addresses(v=6).map(lambda address: address.exploded),
        mac.map(lambda octets: octets.hex(":")),
        mac.map(lambda octets: octets.hex("-").upper()),
        st.binary(min_size=20, max_size=20).map(bytes.hex),
        st.binary(min_size=32, max_size=32).map(lambda digest: digest.hex().upper()),
    )
    around = st.sampled_from(["", " ", "host ", "(", "[", "/", "_", "\u00e9", '"'])
    return st.builds(lambda before, value, after: before + value + after, around, plain, around)


def planted(secret: str) -> SensorState:
    """A state with ``secret`` wherever a label comes from, and a person where words come from that are not told."""
    return replace(
        busy_state(),
        sensor=PERSON,
        watch=WatchCounters(
            (InterfaceCounters(secret, False, 1, 1, 1, {secret: 1}, 1, NOON, PERSON),), {secret: Table(1, 2)}, 1, 1
        ),
        limits_hit={secret: 1},
        anomalies={secret: 1},
        observations={(secret, secret): 1},
        incidents={(secret, secret, secret, secret): 1},
        incident_bytes={(secret, secret, secret): 1},
        open_incidents={(secret, secret, secret): 1},
        open_violations=(OpenIncident(secret, secret, secret, secret),),
        watched_seen={secret: 1},
        unapproved_uploads={secret: 1},
        policy_name=secret,
        identity=FileState("b7" * 32, NOON, None, 1, 0, is_stale=False),
        sources={secret: SourceState(PERSON, NOON, 1)},
        store=StoreState(PERSON, 1, 1, 1, 1, {secret: 1}, NOON, PERSON, NOON),
        sinks={secret: SinkState(PERSON, 1, 1, 1, NOON, PERSON)},
        reviews={secret: 1},
        canaries={secret: 1},
        delay_exemplar=secret,
        errors={secret: 1},
    )


@given(secret=identifying())
def test_no_address_and_no_infohash_gets_into_a_label(secret: str) -> None:
    """The exposition is read by more people than the evidence is, and kept by Prometheus as long as it likes."""
    kernel = secret.strip(' ([/_\u00e9"').removeprefix("host ")

    for is_open in (False, True):
        page = exposition(planted(secret), is_open=is_open)
        assert kernel not in page
        assert "withheld" in page


def test_no_name_of_a_person_is_told() -> None:
    """Errors may quote anything, kinds and sensors are named by people: none of that is a label."""
    assert PERSON not in exposition(planted("x"), is_open=True)
