"""The key of pseudonyms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.pipeline.people import BadKey
from auditor.sensor import load
from auditor.sensor.key import key_of
from tests.build.sensor import sensor_files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_key_that_is_named_must_be_there(tmp_path: Path) -> None:
    """A new one would give everybody another pseudonym."""
    config = load.load(sensor_files(tmp_path))
    assert key_of(config) == bytes(range(32))
    config.key_file.unlink()
    with pytest.raises(BadKey):
        key_of(config)


def test_without_one_our_own_is_made_and_stays(tmp_path: Path) -> None:
    """Readable by nobody else."""
    path = sensor_files(tmp_path)
    path.write_text(path.read_text().replace("key_file: pseudonyms.key\n", ""))
    config = load.load(path)
    key = key_of(config)
    assert (len(key), key_of(config)) == (32, key)
    assert config.key_file.stat().st_mode & 0o777 == 0o400
    assert config.state_dir.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in config.state_dir.iterdir()] == ["pseudonyms.key"]
