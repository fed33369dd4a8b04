"""Broken captures, and what a person reads who audits them.

``python -m tests.cases.captures.make`` writes the expected texts beside this file anew;
``python -m tests.cases.captures.make FOLDER`` writes the captures themselves, to try by hand.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.build import End, handshake, pcap, pcapng, piece, tcp_stream
from tests.build.capture import block, section

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
HELLO, ANSWER = (handshake(b"\xbb" * 20, peer) for peer in (b"-qB4520-abcdefghijkl", b"-TR3000-mnopqrstuvwx"))
TALK = tcp_stream(
    End("10.20.0.5", 51000),
    End("198.51.100.7", 6881),
    [("orig", HELLO), ("resp", ANSWER), ("resp", piece(0, 0, bytes(16384)))],
)
CLASSIC, MODERN = pcap(TALK), pcapng(TALK)
PACKED = gzip.compress(CLASSIC, compresslevel=0, mtime=0)
FIRST = 24 + 16 + len(TALK[0].data)
"""Where the second record of the pcap file begins."""

FILES = {
    "good.pcap": CLASSIC,
    "empty.pcap": b"",
    "notes.txt": b"10:15 rebooted the switch\n",
    "logo.png": bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(50),
    "wrong-magic.pcap": b"\xa1\xb2\xc3\xd5" + CLASSIC[4:],
    "other-version.pcap": CLASSIC[:4] + struct.pack("<H", 9) + CLASSIC[6:],
    "header-only.pcap": CLASSIC[:24],
    "cut-in-header.pcap": CLASSIC[:13],
    "cut-in-record.pcap": CLASSIC[:-1000],
    "impossible-length.pcap": CLASSIC[: FIRST + 8] + struct.pack("<I", 0x7FFFFFFF) + CLASSIC[FIRST + 12 :],
    "bad-section-length.pcapng": MODERN[:4] + struct.pack("<I", 0x7FFFFFF0) + MODERN[8:],
    "bad-block-end.pcapng": MODERN[:-4] + struct.pack("<I", 99),
    "no-interface.pcapng": section() + block(6, struct.pack("<5I", 0, 0, 0, 4, 4) + b"four"),
    "cut.pcap.gz": PACKED[:-1000],
    "damaged.pcap.gz": PACKED[:-8] + bytes(4) + PACKED[-4:],
    "damaged.pcap.zst": zstd.compress(CLASSIC) + bytes.fromhex("28b52ffd00ff000000"),
    "text-inside.gz": gzip.compress(b"10:15 rebooted the switch\n", mtime=0),
    "no-permission.pcap": CLASSIC,
    "folder/notes.txt": b"10:15 rebooted the switch\n",
}
CASES = {Path(name).name: (name,) for name in FILES if name not in {"good.pcap", "folder/notes.txt"}} | {
    "folder": ("folder",),
    "missing.pcap": ("missing.pcap",),
    "no-match": ("*.cap",),
    "one-of-two": ("notes.txt", "good.pcap"),
}
"""What is audited, by the name of its expected text."""


def write(folder: Path) -> None:
    """Write every capture."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "no-permission.pcap").chmod(0)


def reading(case: str, folder: Path, *options: str) -> str:
    """Audit a case within a folder where `write` was; return what was called, what it printed, and its exit code."""
    arguments = ("audit", *options, *CASES[case])
    words = [*_unprivileged(), sys.executable, "-c", "from auditor.cli import main; main()", *arguments]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    parts = (
        f"$ auditor {' '.join(arguments)}\n",
        ended.stdout,
        "--- stderr\n",
        ended.stderr,
        f"--- exit {ended.returncode}\n",
    )
    return "".join(parts)


def _unprivileged() -> list[str]:
    """Take from root the right to read what nobody may read."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


def main() -> None:
    """Write captures or expected texts."""
    if len(sys.argv) > 1:
        write(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        write(Path(name))
        for case in CASES:
            (HERE / f"{case}.expected").write_text(reading(case, Path(name)))


if __name__ == "__main__":
    main()
