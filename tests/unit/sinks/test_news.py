"""What may be told of an incident."""

from __future__ import annotations

import pytest

from auditor.model.scale import Participation, People, Verdict
from auditor.sinks.news import MAX_FLOWS, MAX_TEXT, Event, news_of
from tests.build.news import HOSTILE, PLANTED, PSEUDONYM, USER, change, incident, judged


@pytest.mark.parametrize("people", [People.NONE, People.PSEUDONYM])
def test_nothing_planted_is_told_unless_people_are_named(people: People) -> None:
    """Neither addresses nor names, and no hash from which an address could be found."""
    told = news_of(change(incident(subject=PSEUDONYM), people=people))

    assert told is not None
    assert [word for word in PLANTED if word in repr(told)] == []
    assert told.flows[0].community_id is None
    assert told.flows[0].ends is None


def test_nobody_is_told_without_even_a_pseudonym() -> None:
    """``none`` means none."""
    told = news_of(change(people=People.NONE))

    assert told is not None
    assert told.subject is None


def test_only_a_pseudonym_is_told_as_one() -> None:
    """A name that stands where a pseudonym should be is left out."""
    told, kept = news_of(change(incident(subject=USER))), news_of(change())

    assert told is not None
    assert kept is not None
    assert told.subject is None
    assert kept.subject == PSEUDONYM


def test_named_people_are_named() -> None:
    """What is searched for is there to be found; MACs of frames, which are mostly routers', are not told even then."""
    told = news_of(change(incident(subject=USER), people=People.NAMED))

    assert told is not None
    assert (told.subject, told.name) == (USER, "The.Secret.Film")
    assert told.flows[0].ends is not None
    assert [end.mac for end in told.flows[0].ends] == [None, None]
    assert told.flows[0].community_id == change().flows[0].community_id


def test_what_is_new_is_told() -> None:
    """A beginning, a graver verdict, other facts, an end; not that some more bytes passed."""
    before = incident(verdict=Verdict.NOTICE)
    news = [
        news_of(change(before)),
        news_of(change(incident(), previous=before)),
        news_of(change(incident(participation=Participation.TRANSFERRED), previous=incident())),
        news_of(change(incident(), previous=incident(), merged=("x",))),
        news_of(change(incident(), previous=incident(), is_over=True)),
    ]

    assert [each.event if each else None for each in news] == [
        Event.BEGAN,
        Event.GRAVER,
        Event.CHANGED,
        Event.CHANGED,
        Event.ENDED,
    ]
    assert news_of(change(incident(downloaded=2 << 20), previous=incident())) is None


def test_the_gravest_is_told() -> None:
    """It sticks, whatever a later policy says."""
    softer = change(incident(verdict=Verdict.NOTICE), previous=incident())
    told = news_of(softer._replace(gravest=softer.gravest._replace(judgement=judged())))

    assert told is not None
    assert told.judgement.verdict is Verdict.VIOLATION


def test_sizes_are_bounded_and_text_is_harmless() -> None:
    """Whatever a policy or a stranger wrote."""
    flows = change().flows * 500
    told = news_of(change(incident(name=HOSTILE, reason=HOSTILE), people=People.NAMED, flows=flows, sensor=HOSTILE))

    assert told is not None
    assert len(told.flows) == MAX_FLOWS
    for text in (told.name, told.judgement.reason, told.sensor):
        assert text is not None
        assert "\n" not in text
        assert "\u202e" not in text
        assert len(text) < 12 * MAX_TEXT
