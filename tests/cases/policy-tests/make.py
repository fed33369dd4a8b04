"""Write beside each broken file of tests what its reader is told; look at the difference before committing it.

Run in this folder: ``python make.py``.
"""

from __future__ import annotations

from pathlib import Path

from auditor.policy import testing


def main() -> None:
    """Render the issues of every file of tests in this folder."""
    for path in sorted(Path().glob("*.test.yaml")):
        told = "".join(issue.render() + "\n" for issue in testing.read(path).issues)
        Path(path.name.replace(".test.yaml", ".txt")).write_text(told, "utf-8")


if __name__ == "__main__":
    main()
