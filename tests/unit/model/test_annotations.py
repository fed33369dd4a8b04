"""How the model's values are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, ForwardRef

import pytest

from auditor.model import activity, attribution, binding, capture, fact, flow, incident, torrent
from auditor.pipeline import part

if TYPE_CHECKING:
    from types import ModuleType


@pytest.mark.parametrize("module", [activity, attribution, binding, capture, fact, flow, incident, torrent, part])
def test_no_annotation_of_a_named_tuple_is_a_string(module: ModuleType) -> None:
    """Each that is one is compiled when the program starts: that takes as long as all the rest of its class."""
    kinds = [each for each in vars(module).values() if isinstance(each, type) and hasattr(each, "_fields")]
    strings = [kind for kind in kinds for each in kind.__annotations__.values() if isinstance(each, ForwardRef)]

    assert kinds
    assert strings == []
