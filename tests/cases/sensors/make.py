"""Write beside each broken sensor file what its reader is told; look at the difference before committing it.

Run in this folder: ``python make.py``.
"""

from __future__ import annotations

from pathlib import Path

from auditor.sensor import load


def main() -> None:
    """Render the issues of every sensor file in this folder."""
    for sensor in sorted(Path().glob("*.yaml")):
        told = "".join(issue.render() + "\n" for issue in load.read(sensor, {}).issues)
        sensor.with_suffix(".txt").write_text(told, "utf-8")


if __name__ == "__main__":
    main()
