"""Write beside each broken policy what its reader is told; look at the difference before committing it.

Run in this folder: ``python make.py``.
"""

from __future__ import annotations

from pathlib import Path

from auditor.policy import load

NOW = 1_795_345_200 * 10**9
"""2026-11-22 11:00 UTC: what has ended by then, and what will soon."""


def main() -> None:
    """Render the issues of every policy in this folder."""
    for policy in sorted(Path().glob("*.yaml")):
        told = "".join(issue.render() + "\n" for issue in load.check(policy, NOW))
        policy.with_suffix(".txt").write_text(told, "utf-8")


if __name__ == "__main__":
    main()
