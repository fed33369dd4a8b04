"""The key of pseudonyms: the same person has the same one for as long as it is the same."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from auditor.pipeline.people import KEY_BYTES, read_key

if TYPE_CHECKING:
    from auditor.sensor.config import SensorConfig


def key_of(config: SensorConfig) -> bytes:
    """Return the key; where the sensor file names none, one of our own is made at the first start.

    Raises:
        BadKey: if it cannot be read, or is none.
        OSError: if our own cannot be written.
    """
    if config.makes_key and not config.key_file.exists():
        config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(config)
    return read_key(config.key_file)


def _make(config: SensorConfig) -> None:
    """Write a key that is whole or not there, for us alone."""
    beside = config.key_file.with_name(f".{config.key_file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    try:
        os.write(descriptor, secrets.token_bytes(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(beside, config.key_file)  # Unlike a rename, it does not replace a key that another process made.
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    folder = os.open(config.state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
