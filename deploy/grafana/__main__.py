"""Writes the dashboards anew: ``python -m deploy.grafana``, with the package grafana-foundation-sdk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.health import UID as HEALTH
from deploy.grafana.health import health
from deploy.grafana.overview import UID as OVERVIEW
from deploy.grafana.overview import overview

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

FOLDER = Path(__file__).parent / "dashboards"


def written() -> dict[Path, str]:
    """Return the dashboards by the paths of their files."""
    return {FOLDER / f"{uid}.json": _json(make()) for uid, make in ((OVERVIEW, overview), (HEALTH, health))}


def _json(dashboard: Builder) -> str:
    """Return what Grafana reads, its panels numbered: links to one stay right."""
    built = dashboard.build()
    for number, panel in enumerate(built.panels or [], 1):
        panel.id_val = number
    return JSONEncoder(sort_keys=True, indent=2).encode(built) + "\n"


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, "utf-8")
