"""Write beside each broken identity file what its reader is told; look at the difference before committing it.

Run in this folder: ``python make.py``.
"""

from __future__ import annotations

from pathlib import Path

from auditor.identity import load


def main() -> None:
    """Render the issues of every identity file in this folder."""
    for identity in sorted(Path().glob("*.yaml")):
        told = "".join(issue.render() + "\n" for issue in load.check(identity))
        identity.with_suffix(".txt").write_text(told, "utf-8")


if __name__ == "__main__":
    main()
