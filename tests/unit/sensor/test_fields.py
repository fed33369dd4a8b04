"""Values of a sensor file; what is refused is in tests/cases/sensors too."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from pydantic_core import PydanticCustomError

from auditor.sensor import fields

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("written", ["127.0.0.1:9465", "0.0.0.0:1", "[::1]:65535", "[2001:db8::31]:80"])
def test_an_address_with_a_port_is_written_as_it_is_read(written: str) -> None:
    """With brackets, where it needs them."""
    assert str(fields.parse_listen(written)) == written


@pytest.mark.parametrize(
    ("parse", "code", "values"),
    [
        (fields.parse_listen, "bad-listen", (":9465", "::1:9465", "localhost:80", "1.2.3.4:0", "1.2.3.4:65536", 9465)),
        (fields.parse_interface, "bad-interface", ("", "any", "a/b", "x" * 16, "eth 1", "..", "e:1", 5, None)),
        (partial(fields.parse_number, 0, 9), "bad-count", (-1, 10, True, "5", None)),
        (partial(fields.parse_size, 1024, 4096), "bad-size", (1023, "4097", "1 MiB")),
        (partial(fields.parse_wait, 10**9), "bad-length", ("999ms", "1", None)),
        (fields.parse_store, "bad-store", ("mysql://x", "sqlite:///relative", "sqlite://", "postgresql://h:x/y")),
    ],
)
def test_what_cannot_be_meant_is_refused(
    parse: Callable[[object], object], code: str, values: tuple[object, ...]
) -> None:
    """By the code of its kind."""
    for value in values:
        with pytest.raises(PydanticCustomError) as refusal:
            parse(value)
        assert refusal.value.type == code


@pytest.mark.parametrize("name", ["eth1", "enp0s31f6", "br-lan.40", "veth_a", "x" * 15])
def test_interfaces_have_the_names_of_the_kernel(name: str) -> None:
    """Up to fifteen characters."""
    assert fields.parse_interface(name) == name


@pytest.mark.parametrize(
    "url", ["sqlite:////a/b.sqlite", "records", "postgresql://h/x", "postgresql+psycopg://h:5432/x"]
)
def test_a_store_is_a_url_or_a_folder(url: str) -> None:
    """Which the store itself opens."""
    assert fields.parse_store(url) == url


def test_sizes_are_written_for_people() -> None:
    """In the unit that they fill."""
    assert [fields.size(amount) for amount in (5, 2048, 64 << 20, 3 << 29)] == ["5 B", "2 KiB", "64 MiB", "1.5 GiB"]
