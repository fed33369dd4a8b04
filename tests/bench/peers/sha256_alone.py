"""The SHA-256 of a file and nothing else, as a limit where there is no openssl."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def main(path: Path) -> None:
    """Print the SHA-256 of the file at ``path``."""
    with path.open("rb") as file:
        sys.stdout.write(f"{hashlib.file_digest(file, 'sha256').hexdigest()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
