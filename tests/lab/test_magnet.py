"""A torrent that real clients fetch through a magnet link is known from packets alone: its name, files and bytes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import libtorrent as lt
import pytest

from tests.lab.capture import Tap
from tests.lab.frames import save
from tests.lab.process import ROOT
from tests.lab.scene import Scene
from tests.lab.test_runs import BASE, need
from tests.lab.topology import Lab
from tests.lab.torrents import CREATED, PIECE, Torrent
from tests.lab.truth import Truth

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.scene import Settings

FILES = {"first.bin": 100_000, "second.bin": 70_000, "third.bin": 300}
NAME = "three-files"
UTP: Settings = {
    "enable_incoming_utp": True,
    "enable_outgoing_utp": True,
    "enable_incoming_tcp": False,
    "enable_outgoing_tcp": False,
}
VERSIONS = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}


def torrent_of(folder: Path, version: str) -> Torrent:
    """Make a torrent of several files."""
    content = folder / "content"
    (content / NAME).mkdir(parents=True)
    for name, size in FILES.items():
        (content / NAME / name).write_bytes(hashlib.shake_256(name.encode()).digest(size))
    creation = lt.create_torrent(lt.list_files(str(content / NAME)), PIECE, VERSIONS[version])
    creation.set_creation_date(CREATED)
    lt.set_piece_hashes(creation, str(content))
    file = folder / f"{NAME}.torrent"
    file.write_bytes(lt.bencode(creation.generate()))
    hashes = lt.torrent_info(str(file)).info_hashes()
    v1 = str(hashes.v1) if hashes.has_v1() else None
    v2 = str(hashes.v2) if hashes.has_v2() else None
    return Torrent(NAME, sum(FILES.values()), file, content, v1, v2, None)


def record(path: Path, version: str, settings: Settings) -> None:
    """Let an employee fetch a torrent through its magnet link from a seed outside."""
    with Lab() as lab:
        scene = Scene(lab, Truth(path.name, "", ""))
        torrent = torrent_of(lab.folder, version)
        seed = scene.seed(torrent, settings=settings)
        leech = scene.peer(scene.host("employee", "employees", "10.20.3.14", role="downloads"), settings=settings)
        with Tap(lab, "employees") as tap:
            leech.add_magnet(torrent)
            leech.connect(seed.host.ip, 6881)
            scene.transfer(leech, [seed], torrent, down=True)
        save(path, tap.recordings, "")


def audit(path: Path, *options: str) -> dict[str, Any]:
    """Audit a capture by the command line."""
    argv = [sys.executable, "-m", "auditor", "audit", "--format", "json", *options, str(path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    whole: dict[str, Any] = json.loads(done.stdout)
    return whole


@pytest.mark.lab
@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, UTP], ids=["tcp", "utp"])
@pytest.mark.parametrize("version", list(VERSIONS))
def test_a_magnet_download_is_known_by_its_metadata(tmp_path: Path, version: str, settings: Settings) -> None:
    """Every byte of every file is verified, and the names are shown only where they are asked for."""
    need(*BASE)
    capture = tmp_path / "magnet.pcapng"
    record(capture, version, settings)

    whole = audit(capture, "--show-names")
    hidden = audit(capture)

    [torrent], [incident] = whole["torrents"], [i for i in whole["incidents"] if i["kind"] == "swarm"]
    assert (torrent["name"], torrent["size"], torrent["private"]) == (NAME, sum(FILES.values()), False)
    assert {file["path"]: file["size"] for file in torrent["files"]} == {f"{NAME}/{k}": v for k, v in FILES.items()}
    verified = {torrent["files"][each["file"]]["path"]: each["downloaded"] for each in incident["verified"]["files"]}
    assert verified == {f"{NAME}/{name}": size for name, size in FILES.items()}
    # Of a hybrid the zeros pass too that fill up each file's last block (BEP 47).
    assert incident["verified"]["downloaded"] == incident["downloaded"] >= sum(FILES.values())
    assert (incident["amount_basis"], incident["verified"]["wrong"], incident["uploaded"]) == ("verified", 0, 0)
    assert NAME not in json.dumps(hidden)
