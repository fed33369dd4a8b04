"""The image, and what runs beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.docker_steps import DOCKERFILE, build, context_files, parse

ROOT = Path(__file__).parents[2]
FOLDER = DOCKERFILE.parent


def _versions() -> dict[str, str]:
    lines = [line for line in (FOLDER / "constraints.txt").read_text("utf-8").split("\n") if line and line[0] != "#"]
    return dict(line.split("==") for line in lines)


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_everything_in_the_image_has_a_version() -> None:
    """What we need, what makes the wheel, and what these need in turn, as far as it is installed here."""
    project = _project()
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["postgres"]]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", each)[0]).lower() for each in wanted}
    assert names - _versions().keys() == set()
    assert "maturin" in _versions()


def test_the_image_is_made_of_what_it_needs() -> None:
    """The package and what builds it; no tests, no samples, no other crate's output."""
    files = set(context_files())
    needed = {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "auditor/__init__.py", "auditor/native/Cargo.lock"}
    assert needed <= files
    assert {path.split("/")[0] for path in files} <= {
        "auditor",
        "deploy",
        *(path for path in needed if "/" not in path),
        "auditor_native.pyi",
    }
    assert not [path for path in files if path.startswith(("auditor/native/fuzz/", "auditor/native/target/"))]


def test_the_image_runs_as_nobody_and_installs_nothing_by_apt() -> None:
    """So it is its base and pinned versions, no more."""
    steps = parse(DOCKERFILE.read_text("utf-8"))
    assert [step.rest for step in steps if step.name == "USER"] == ["65532:65532"]
    runs = [step.rest for step in steps if step.name == "RUN"]
    assert not [run for run in runs if "apt" in run.split()]
    bases = [step.rest for step in steps if step.name == "ARG" and ":" in step.rest]
    assert all(
        re.fullmatch(r"[A-Z]+=docker\.io/library/[a-z]+(:[0-9][\w.-]+|@sha256:[0-9a-f]{64})", base) for base in bases
    )
    oldest = tomllib.loads((ROOT / "auditor/native/Cargo.toml").read_text("utf-8"))["workspace"]["package"][
        "rust-version"
    ]
    assert f"RUST=docker.io/library/rust:{oldest}-slim-bookworm" in bases


def test_the_bill_of_materials_is_the_same_each_time() -> None:
    """With every package that is installed, by the name that scanners look for."""

    def made() -> str:
        return subprocess.run(
            [sys.executable, str(FOLDER / "sbom.py")],
            capture_output=True,
            check=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
            text=True,
        ).stdout

    first = made()
    assert first == made()
    bill = json.loads(first)
    assert (bill["bomFormat"], bill["metadata"]["timestamp"]) == ("CycloneDX", "2026-01-01T00:00:00Z")
    assert any(each["purl"].startswith("pkg:pypi/pydantic@") for each in bill["components"])


def test_compose_runs_everything_on_the_loopback_address() -> None:
    """Hardened alike; what it mounts is there."""
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    assert set(services) == {"sensor", "prometheus", "alertmanager", "grafana"}
    for name, service in services.items():
        assert (service["read_only"], service["cap_drop"], service["network_mode"]) == (True, ["ALL"], "host"), name
        assert service.get("cap_add", []) == (["NET_RAW"] if name == "sensor" else []), name
        said = json.dumps(service.get("command", [])) + json.dumps(service.get("environment", {}))
        assert "0.0.0.0" not in said  # noqa: S104 - it must not be there
        assert ("127.0.0.1" in said) == (name != "sensor")
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("../"):
                assert (FOLDER / source).is_dir(), source
            elif not source.startswith("./"):
                assert source in compose["volumes"]


def test_grafana_finds_its_prometheus() -> None:
    """Under the name that its data source has."""
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    (path,) = (FOLDER.parent / "grafana/provisioning/datasources").glob("*.y*ml")
    (source,) = yaml.safe_load(path.read_text("utf-8"))["datasources"]
    name = re.fullmatch(r"http://(\w+):9090", source["url"])
    assert name is not None
    assert f"{name[1]}:127.0.0.1" in compose["services"]["grafana"]["extra_hosts"]


@pytest.mark.lab_full
@pytest.mark.slow
def test_the_steps_of_the_image_run(tmp_path: Path) -> None:
    """In folders of Debian; what comes out is a program that runs as nobody and may take CAP_NET_RAW."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("root and debootstrap are needed: apt-get install debootstrap")
    building = build(tmp_path)
    image = building.last
    assert image is not None
    said = building.run(image, ["/opt/auditor/bin/auditor", "--version"], capture=True)
    assert said.startswith("auditor ")
    assert json.loads((image.root / "opt/auditor/sbom.cdx.json").read_text())["components"]
    assert list((image.root / "opt/auditor").rglob("auditor-*.dist-info/sboms/*.json"))
    # What a program begins with is what gets the capability.
    first = (image.root / "opt/auditor/bin/auditor").read_text().split("\n", 1)[0]
    interpreter = (image.root / first.removeprefix("#!/")).resolve()
    assert interpreter == image.root.resolve() / "opt/auditor/bin/python"
    assert os.getxattr(interpreter, "security.capability")[4:8] == (1 << 13).to_bytes(4, "little")
    held = "print(*[line for line in open('/proc/self/status') if line.startswith('CapPrm')])"
    assert "0000000000002000" in building.run(image, ["/opt/auditor/bin/python", "-c", held], capture=True)
