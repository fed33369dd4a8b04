"""Write what is installed beside this interpreter as CycloneDX 1.6, the same each time for the same packages.

What our own wheel is made of, the crates of its engine, stands in the wheel: ``auditor-*.dist-info/sboms/``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions


def component(package: Distribution) -> dict[str, object]:
    """Return a package as a component: its name, version and licence, and a digest of what it says it installed."""
    name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
    told = package.metadata.get_all
    licence = (told("License-Expression") or told("License") or [""])[0]
    record = "".join(sorted((package.read_text("RECORD") or "").splitlines(keepends=True)))
    found: dict[str, object] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{package.version}",
        "name": name,
        "version": package.version,
        "purl": f"pkg:pypi/{name}@{package.version}",
        "properties": [{"name": "auditor:record-sha256", "value": hashlib.sha256(record.encode()).hexdigest()}],
    }
    if licence and len(licence) < 100 and "\n" not in licence:  # noqa: PLR2004 - others put the whole text here
        found["licenses"] = [{"license": {"name": licence}}]
    return found


def document() -> dict[str, object]:
    """Return the bill of materials."""
    components = sorted((component(each) for each in distributions()), key=lambda each: str(each["bom-ref"]))
    written = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": written.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "platform",
                "name": "cpython",
                "version": ".".join(str(part) for part in sys.version_info[:3]),
            },
        },
        "components": components,
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
