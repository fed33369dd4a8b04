"""The JSON Schema (draft 2020-12) of what ``auditor sensor coverage --format json`` prints."""

from __future__ import annotations

from auditor.audit.words import COUNT, COUNTS, MAYBE_TEXT, MOMENT, TEXTS, Json, closed
from auditor.cli.sensor_coverage import SCHEMA

_SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}


def schema() -> Json:
    """Return the schema."""
    span = {
        "state": {"enum": ["watched", "partly", "gap"]},
        "from": MOMENT,
        "to": MOMENT,
        "reasons": TEXTS | {"description": "what is missing in it; none where all was watched"},
        "frames": COUNT,
        "lost_frames": COUNT,
        "unseen_bytes": COUNT,
    }
    whole = {
        "schema": {"const": SCHEMA},
        "sensor": MAYBE_TEXT | {"description": "null where the store has no coverage in that time"},
        "from": MOMENT,
        "to": MOMENT,
        "watched_seconds": {"type": "number", "minimum": 0},
        "share_watched": _SHARE | {"description": "of the time"},
        "frames": COUNT,
        "bytes": COUNT,
        "lost_frames": COUNT | {"description": "for which the kernel had no room"},
        "share_lost": _SHARE | {"description": "of the frames, the lost ones among them"},
        "unseen_bytes": COUNT | {"description": "that TCP acknowledged and nobody captured"},
        "discarded": COUNTS | {"description": "frames and records that were thrown away, by reason"},
        "starts": COUNT | {"description": "how often the sensor was started"},
        "clock_steps": COUNT | {"description": "minutes in which the clock was set"},
        "canaries": closed({"sent": COUNT, "seen": COUNT}),
        "spans": {"type": "array", "items": closed(span), "description": "adjoining, from the beginning to the end"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": f"{SCHEMA}: what a sensor watched, what not, and why",
        **closed(whole),
    }
