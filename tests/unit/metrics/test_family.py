"""Families of metrics."""

from __future__ import annotations

import pytest

from auditor.metrics.family import MAX_LABEL, WITHHELD, by_word, counter, gauge, info, maybe_seconds, one


@pytest.mark.parametrize(
    "value",
    [
        "10.20.3.4",
        "host-10.20.3.4",
        "[fe80::1]",
        "2001:db8::20:3",
        "52:54:00:12:34:56",
        "52-54-00-12-34-56",
        "aa" * 20,
        "AB" * 32,
        "list aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
)
def test_what_identifies_somebody_is_withheld(value: str) -> None:
    """An address or an infohash that got into a label, in whatever form, does not leave."""
    family = gauge("auditor_thing", "Thing.", ("rule",), {(value,): 1})

    assert [sample.labels for sample in family.samples] == [{"rule": WITHHELD}]


@pytest.mark.parametrize(
    "value",
    [
        "bt.tracker.http",
        "eth0.100",
        "1.2.3",
        "enp3s0f1",
        "019a5b7c-0d10-7000-8000-000000000001",
        "tcp-gap",
        "12:30",
        "",
    ],
)
def test_words_of_our_own_stay(value: str) -> None:
    """Detectors, interfaces, versions, ids of incidents and times of day are no addresses."""
    family = gauge("auditor_thing", "Thing.", ("rule",), {(value,): 1})

    assert family.samples[0].labels == {"rule": value}


def test_the_hash_of_our_own_file_stays() -> None:
    """It is as long as an infohash, and says which policy was in force."""
    family = info("auditor_policy", "Policy.", ("name", "sha256"), [("corporate", "5f" * 32)])

    assert family.samples[0].labels == {"name": "corporate", "sha256": "5f" * 32}
    assert family.samples[0].name == "auditor_policy_info"


def test_labels_are_plain_and_short() -> None:
    """Nothing in a label steers a terminal or fills a page."""
    family = gauge("auditor_thing", "Thing.", ("rule",), {("caf\u00e9\u202e",): 1, ("x" * 500,): 2})

    assert [sample.labels["rule"] for sample in family.samples] == ["caf\\xe9\\u202e", "x" * MAX_LABEL]


def test_samples_whose_labels_became_the_same_are_one() -> None:
    """Prometheus refuses a page with the same series twice."""
    family = counter("auditor_thing", "Thing.", ("rule",), {("10.0.0.1",): 2, ("10.0.0.2",): 3})

    assert [(sample.name, sample.value) for sample in family.samples] == [("auditor_thing_total", 5)]


def test_samples_come_in_order() -> None:
    """The same state is the same page."""
    family = gauge("auditor_thing", "Thing.", ("rule",), {("b",): 1, ("a",): 2})

    assert [sample.labels["rule"] for sample in family.samples] == ["a", "b"]


def test_known_words_start_at_zero() -> None:
    """An increase from nothing is seen by nobody."""
    assert by_word({"seen": 3}, ("seen", "missed")) == {("seen",): 3, ("missed",): 0}


def test_what_is_not_known_has_no_sample() -> None:
    """0 would be a claim."""
    assert one(None) == {}
    assert one(0) == {(): 0}
    assert maybe_seconds(None) is None
    assert maybe_seconds(1_500_000_000) == 1.5
