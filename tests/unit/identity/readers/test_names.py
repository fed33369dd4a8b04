"""auditor.identity.readers.names."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.identity.readers import names


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("uid=alice,ou=people,dc=example", "uid", "alice"),
        ("CN=VPN Users,OU=Groups", "cn", "VPN Users"),
        (r"CN=Smith\, Alice,OU=Staff", "cn", "Smith, Alice"),
        (r"CN=Smith\2C Alice,OU=Staff", "cn", "Smith, Alice"),
        ('CN="Smith, Alice" ,OU=Staff', "cn", "Smith, Alice"),
        (r"CN=Lu\C4\8Di\C4\87", "cn", "Lučić"),
        (r"CN=ends with a space\ ,O=x", "cn", "ends with a space "),
        ("CN = Alice , O=x", "cn", "Alice"),
        ("uid=a+cn=b,dc=x", "uid", "a"),
        (r"CN=R\+D\;x,O=y", "cn", "R+D;x"),
    ],
)
def test_a_name_is_called_by_its_first_part(text: str, attribute: str, value: str) -> None:
    """RFC 4514: escapes, hexadecimal pairs of UTF-8, and RFC 2253's quotes."""
    assert names.first(text) == (attribute, value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"CN=Smith\, Alice,OU=Staff", r"cn=smith\2c alice , ou = staff"),
        (r"CN=Smith\, Alice,OU=Staff", 'CN="Smith, Alice",OU=Staff'),
        ("CN=Alice,DC=corp", "cn=alice, dc=Corp"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    """A member is found whatever program wrote its name."""
    assert names.key(one) == names.key(other)


@pytest.mark.parametrize(
    ("one", "other"), [(r"CN=a\,b", "CN=a,OU=b"), (r"CN=a\,OU=b", "CN=a,OU=b"), (r"CN=a\+CN=b", "CN=a+CN=b")]
)
def test_names_that_differ_have_two(one: str, other: str) -> None:
    """An escaped separator separates nothing."""
    assert names.key(one) != names.key(other)


@pytest.mark.parametrize("text", ["", "alice", "=x", "CN=a,", "CN=a,,O=b", "CN=a,b", 'CN="a', "CN=a\\"])
def test_what_is_no_name_is_refused_unquoted(text: str) -> None:
    """The reason says nothing of the text."""
    with pytest.raises(ValueError, match=r"^there is no distinguished name where one belongs$"):
        names.key(text)


@given(st.text(r"CNa=,+;\" 2éx", max_size=30))
def test_any_text_has_a_key_or_is_refused(text: str) -> None:
    """Nothing else is raised; a key is its own."""
    try:
        key = names.key(text)
    except ValueError:
        return
    assert names.key(key) == key


@pytest.mark.parametrize("text", ["CN=" + " " * 60_000 + '"', "CN=" + "\\a" * 30_000 + '"', "CN=a b" * 10_000 + '"'])
def test_a_hostile_name_takes_no_longer(text: str) -> None:
    """Reading goes forward only."""
    begun = process_time()

    with pytest.raises(ValueError, match="distinguished"):
        names.key(text)

    assert process_time() - begun < 0.5
