"""The DaemonSet, as kubectl makes it and as Kubernetes reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.policy import load as policy_load
from auditor.sensor import load

FOLDER = Path(__file__).parents[2] / "deploy" / "kustomize"
VERSIONS = ("1.30", "1.34")
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    """What is applied, by kind."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is missing: apt-get install kubernetes-client")
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}


@pytest.fixture(scope="module")
def pod(resources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What runs on a node."""
    spec: dict[str, Any] = resources["DaemonSet"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_it(resources: dict[str, dict[str, Any]], version: str) -> None:
    """By its published schemas; an unknown key is an error."""
    validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is missing: pip install '.[test]'"
    )
    for each in resources.values():
        validate.validate(each, version, strict=True)


def test_it_may_do_what_capturing_needs_and_no_more(pod: dict[str, Any]) -> None:
    """Not root, one capability, nothing to write but its own."""
    (container,) = pod["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (pod["hostNetwork"], pod["automountServiceAccountToken"]) == (True, False)
    assert not {"hostPID", "hostIPC"} & pod.keys()
    writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"evidence", "temporary"}


def test_it_is_asked_how_it_is(pod: dict[str, Any]) -> None:
    """At the pages that the sensor has, where it listens."""
    (container,) = pod["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/-/healthy", "liveness": "/-/healthy", "readiness": "/-/ready"}
    assert {container[f"{name}Probe"]["httpGet"]["host"] for name in paths} == {"127.0.0.1"}
    assert container["ports"][0]["containerPort"] == 9465


def test_its_files_are_right_once_they_are_filled_in(resources: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """The paths in them are those that are mounted."""
    for name, text in resources["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text)
    config = load.load(tmp_path / "sensor.yaml")
    assert (str(config.state_dir), str(config.key_file.parent)) == ("/var/lib/auditor", "/etc/auditor-key")
    assert policy_load.check(config.policy) == []
    assert (tmp_path / "policy.yaml").read_text() == Path(policy_load.__file__).with_name("first.yaml").read_text()


def test_a_change_of_its_files_starts_it_anew(resources: dict[str, dict[str, Any]], pod: dict[str, Any]) -> None:
    """The name of the configuration changes with its content."""
    name = resources["ConfigMap"]["metadata"]["name"]
    assert name.startswith("auditor-")
    assert name in {volume.get("configMap", {}).get("name") for volume in pod["volumes"]}
