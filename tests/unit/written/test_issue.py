"""Issues as people read them."""

from __future__ import annotations

from auditor.written.issue import MAX_ISSUES, Issue, did_you_mean, in_order, listing, quoted


def test_an_issue_names_its_place_first() -> None:
    """The first line is ``file:line:col: code: message``, as editors and grep expect."""
    issue = Issue("unknown-group", "no such group", "p.yaml", 6, 12)
    assert str(issue) == "p.yaml:6:12: unknown-group: no such group"


def test_a_warning_says_so() -> None:
    """Errors and warnings are told apart by the line alone."""
    issue = Issue("verdict-too-strong", "too strong", "p.yaml", 6, 12, severity="warning")
    assert str(issue) == "p.yaml:6:12: verdict-too-strong (warning): too strong"


def test_an_issue_about_the_whole_file_has_no_line() -> None:
    """A file that is too large is wrong nowhere in particular."""
    issue = Issue("too-large", "too large", "p.yaml", 0, 0, "split it")
    assert issue.render() == "p.yaml: too-large: too large\n    hint: split it"


def test_the_caret_stands_under_what_is_meant() -> None:
    """The excerpt loses its indentation, and the caret moves with it."""
    issue = Issue("bad", "bad", "p.yaml", 1, 12, "fix it", excerpt="    group: dorm-b", length=6)
    assert issue.render() == "p.yaml:1:12: bad: bad\n    group: dorm-b\n           ^^^^^^  fix it"


def test_a_long_line_is_cut_around_the_caret() -> None:
    """What is meant stays in sight, however far right it stands."""
    issue = Issue("bad", "bad", "p.yaml", 1, 501, excerpt="x" * 500 + "HERE" + "y" * 500, length=4)
    _, text, caret = issue.render().splitlines()
    assert len(text) <= 104
    assert text[caret.index("^") : caret.rindex("^") + 1] == "HERE"


def test_an_excerpt_cannot_steer_the_terminal() -> None:
    """Control characters of a hostile file are shown as what they are not."""
    issue = Issue("bad", "bad", "p.yaml", 1, 2, excerpt="a\x1b[31mb\u202e", length=1)
    assert issue.render().isprintable() is False  # it has line ends
    assert all(line.isprintable() for line in issue.render().splitlines())


def test_hints_name_only_what_is_near() -> None:
    """A hint is given for a slip, not for another word."""
    assert did_you_mean("violatoin", ["allow", "notice", "violation"]) == "did you mean 'violation'?"
    assert did_you_mean("block", ["allow", "notice", "violation"]) is None
    assert did_you_mean("x" * 65, ["x" * 65]) is None


def test_sentences_stay_short() -> None:
    """Long lists and long values are cut, and say so."""
    assert listing("abc", limit=2) == "a, b and 1 more"
    assert quoted("x" * 61) == f"'{'x' * 60}…'"
    assert quoted("\x1b") == "'\\x1b'"


def test_issues_stand_in_the_order_of_the_file() -> None:
    """Those of the files it points at come after its own, and past a hundred they are counted."""
    own = [Issue("bad", "bad", "z.yaml", line, 1, severity="warning") for line in (2, 1)]
    others = [Issue("bad", "bad", "a.txt", line, 1) for line in range(MAX_ISSUES)]
    ordered = in_order("z.yaml", [*others, *own])
    assert [(issue.file, issue.line) for issue in ordered[:3]] == [("z.yaml", 1), ("z.yaml", 2), ("a.txt", 0)]
    assert (str(ordered[-1]), len(ordered)) == ("z.yaml: too-many-issues: 2 more issues are not shown", MAX_ISSUES + 1)
