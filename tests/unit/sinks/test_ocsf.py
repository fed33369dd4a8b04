"""OCSF, held against its own schema."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditor.model.scale import Participation, People, Verdict
from auditor.sinks.eve import line
from auditor.sinks.news import MAX_FLOWS, news_of
from auditor.sinks.ocsf import OcsfEntry, events, make
from tests.build.news import HOSTILE, PLANTED, USER, change, incident
from tests.build.states import fresh_state

if TYPE_CHECKING:
    from pathlib import Path


@cache
def validator(class_uid: int) -> Draft202012Validator:
    """The schema of a class, with the profile that we use."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
    name = schema.lookup_class_name_from_uid(class_uid=class_uid)
    return Draft202012Validator(schema.get_class_schema(class_name=name, profiles=["security_control"]))


def told(**said: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as `change` takes them
    """The events of a change, as they are read from their lines."""
    news = news_of(change(**said))
    assert news is not None
    return [json.loads(line(event)) for event in events(news)]


CHANGES: dict[str, dict[str, Any]] = {
    "begun": {},
    "named": {"people": People.NAMED, "now": incident(subject=USER)},
    "nobody": {"people": People.NONE},
    "graver": {"previous": incident(verdict=Verdict.NOTICE)},
    "over": {"previous": incident(), "is_over": True, "merged": ("0198c0de-0000-7000-8000-000000000009",)},
    "notice": {"now": incident(verdict=Verdict.NOTICE)},
    "no flow": {"now": incident(detectors=("bt.dht",), participation=Participation.ANNOUNCED), "flows": ()},
    "hostile": {"now": incident(name=HOSTILE, reason=HOSTILE, subject=HOSTILE), "people": People.NAMED},
}


@pytest.mark.parametrize("case", CHANGES)
def test_every_event_is_valid(case: str) -> None:
    """By the schema of its class, in which nothing else may stand."""
    for event in told(**CHANGES[case]):
        assert [error.message for error in validator(event["class_uid"]).iter_errors(event)] == []


def test_the_schema_refuses_what_is_wrong() -> None:
    """What holds it against something finds something."""
    event = told()[0]

    assert list(validator(2004).iter_errors(event | {"severity_id": 77}))
    assert list(validator(2004).iter_errors({key: value for key, value in event.items() if key != "finding_info"}))


def test_an_incident_is_a_finding_and_its_flows_activities() -> None:
    """At its beginning and its end; between them the finding alone."""
    assert [event["type_uid"] for event in told()] == [200401, 400106]
    assert [event["type_uid"] for event in told(**CHANGES["graver"])] == [200402]
    assert [event["type_uid"] for event in told(**CHANGES["over"])] == [200403, 400106]
    assert len(told(flows=change().flows * 500)) == 1 + MAX_FLOWS


def test_a_violation_is_an_alert() -> None:
    """A notice is logged; nothing is ever blocked."""
    violation, notice = told()[0], told(now=incident(verdict=Verdict.NOTICE))[0]

    assert (violation["is_alert"], violation["disposition_id"], violation["action_id"]) == (True, 19, 3)
    assert (notice["is_alert"], notice["disposition_id"], notice["action_id"]) == (False, 17, 3)
    assert violation["finding_info"]["uid"] == "0198c0de-0000-7000-8000-000000000001"


def test_ends_are_told_where_people_are_named() -> None:
    """Elsewhere the group is, and that the other one is outside."""
    named, unnamed = told(**CHANGES["named"])[1], told()[1]

    assert named["src_endpoint"] == {
        "name": "guests",
        "network_scope_id": 1,
        "owner": {"uid": USER},
        "ip": "10.40.7.77",
        "port": 51000,
    }
    assert unnamed["dst_endpoint"] == {"svc_name": "bittorrent", "network_scope_id": 2}
    assert [word for word in PLANTED if word in str(told())] == []


def test_events_go_to_a_file(tmp_path: Path) -> None:
    """A line each; how the sensor does has no class."""
    sink = make(OcsfEntry.model_validate({"kind": "ocsf", "to": f"file:{tmp_path}/ocsf.json"}))
    news = news_of(change())
    assert news is not None
    sink.tell([news])
    sink.report(fresh_state())
    sink.close()

    classes = [json.loads(text)["class_uid"] for text in (tmp_path / "ocsf.json").read_text().splitlines()]
    assert classes == [2004, 4001]
