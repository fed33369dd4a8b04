"""The scales that rules and results compare by."""

from __future__ import annotations

import pytest

from auditor.model.scale import AmountBasis, Confidence, Participation, Scale, Severity, Verdict


@pytest.mark.parametrize(
    ("scale", "weakest_first"),
    [
        (Confidence, "suspected likely confirmed"),
        (Participation, "contacted present looked_up attempted announced connected transferred"),
        (Verdict, "allow notice violation"),
        (Severity, "info low medium high critical"),
        (AmountBasis, "none flow pieces verified"),
    ],
)
def test_each_scale_has_its_words_in_order(scale: type[Scale], weakest_first: str) -> None:
    """At least is ``>=``, and the words are those of the design."""
    assert [member.label for member in sorted(scale)] == weakest_first.split()


def test_a_word_that_is_on_no_scale_is_refused_with_those_that_are() -> None:
    """The message helps."""
    with pytest.raises(ValueError, match="'violatoin' is not one of allow, notice, violation"):
        Verdict.from_label("violatoin")
    assert Verdict.from_label("notice") is Verdict.NOTICE
