"""No sink tells who it was, whatever stands wherever in an incident; and each says it on one line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.scale import Participation, People, Verdict
from auditor.sinks import eve, ocsf, syslog
from auditor.sinks.news import news_of
from tests.build.news import PLANTED, PSEUDONYM, USER, change, incident
from tests.build.sighting import flow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.standing import IncidentChange
    from auditor.sinks.news import News

MAX_SYSLOG = 8192
hidden = st.sampled_from([*PLANTED, USER.upper(), f"{USER}@corp", "52-54-00-0f-a8-35", "5254.000f.a835", None])
anything = st.text(max_size=2000)


@st.composite
def changes(draw: st.DrawFn, people: st.SearchStrategy[People], text: st.SearchStrategy[Any]) -> IncidentChange:
    """A change with ``text`` wherever people or devices may be named."""
    now = incident(
        verdict=draw(st.sampled_from(Verdict)),
        participation=draw(st.sampled_from(Participation)),
        subject=draw(text | st.just(PSEUDONYM)),
        name=draw(text),
    )
    shown = tuple(str(draw(text)) for _ in range(2))
    conduct = now.conduct._replace(clients=shown, trackers=(shown,), torrent_name=shown[0])
    attribution = now.attribution._replace(source=shown[0], lines=shown)
    previous = draw(st.none() | st.just(incident(verdict=Verdict.ALLOW)))
    return change(
        now._replace(conduct=conduct, attribution=attribution),
        previous=previous,
        people=draw(people),
        is_over=draw(st.booleans()),
        flows=draw(st.sampled_from([(), change().flows, (flow("198.51.100.77", "10.40.7.77", mac=shown[0]),)])),
    )


def lines(news: News) -> Iterator[bytes]:
    """All that any sink writes of it."""
    yield eve.line(eve.alert(news))
    yield from (eve.line(event) for event in ocsf.events(news))
    yield syslog.message(news, 16)


@given(changed=changes(st.sampled_from([People.NONE, People.PSEUDONYM]), hidden))
def test_nobody_is_named(changed: IncidentChange) -> None:
    """No inside or outside address, MAC, user, host or torrent in any spelling, nor a hash of an address."""
    news = news_of(changed)
    if news is None:
        return
    for written in lines(news):
        text = written.decode("ascii")
        assert [word for word in PLANTED if re.search(re.escape(word), text, re.IGNORECASE)] == []
        assert not re.search(r"52-54-00|5254\.000f", text)
        assert not any(flow.community_id in text for flow in changed.flows)
        assert PSEUDONYM not in text or changed.people is People.PSEUDONYM


@given(changed=changes(st.sampled_from(People), anything))
def test_each_line_is_one(changed: IncidentChange) -> None:
    """No control character, nothing beyond ASCII, bounded, and well formed, whatever strangers wrote."""
    news = news_of(changed)
    if news is None:
        return
    *records, message = lines(news)
    for record in records:
        assert len(record) < 65536
        assert record.isascii()
        assert not re.search(rb"[\x00-\x1f\x7f]", record)
        json.loads(record)
    assert len(message) <= MAX_SYSLOG
    assert not re.search(rb"[^ -~]", message)
