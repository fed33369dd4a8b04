"""Bringing a store's tables to this program's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0001"
"""The newest version, asked without Alembic, which takes a tenth of a second to import."""
KNOWN = frozenset({HEAD})


class NewerStore(ValueError):  # noqa: N818 - the store is newer, that is no error of its own
    """A store that a newer program has changed."""


def version(connection: Connection) -> str | None:
    """Return the version of a store's tables; ``None`` where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(connection: Connection) -> None:
    """Make the tables, or bring them to the newest version, within the connection's transaction.

    Raises:
        NewerStore: if a newer program has changed them; nothing is touched.
    """
    found = version(connection)
    if found is not None and found not in KNOWN:
        raise NewerStore(
            f"the store has version {found} of its tables, and this auditor knows {HEAD}: use the auditor that wrote "
            "it, or a newer one"
        )
    if found == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - start-up
    from alembic.config import Config  # noqa: PLC0415 - start-up

    config = Config()
    config.set_main_option("script_location", "auditor.evidence:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
