"""The whole of an audit, over every sample, against what the laboratory knows it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from auditor import engine
from auditor.audit import document, through_scapy
from auditor.audit.schema import schema
from auditor.engine import CapturePath, Options
from auditor.pipeline.run import judge
from auditor.policy.load import load

ROOT = Path(__file__).parents[2]
TRUTHS = sorted((ROOT / "samples").glob("*.truth.json"))
POLICY = load(ROOT / "policies" / "corporate.yaml")
OPTIONS = Options(inside=(*POLICY.inside_networks, *POLICY.egress_networks), dht_flows=True)


def audited(path: Path) -> dict[str, Any]:
    """Return the document of an audit of one sample."""
    return document.document(judge(engine.sight([CapturePath(str(path), "default")], OPTIONS), POLICY))


def fits(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether an incident is the one that the truth asks for; its amounts are lower bounds."""
    names = set(found["infohashes"]["wire"]) if found["infohashes"] else set()
    return (
        found["host"] == wanted["host"]
        and found["kind"] == wanted["kind"]
        and found["attribution"]["group"] == wanted["group"]
        and found["participation"] == wanted["participation"]
        and found["confidence"] == ("suspected" if wanted["participation"] == "contacted" else "confirmed")
        and (not wanted["infohashes"] or bool(names & {name[:40] for name in wanted["infohashes"]}))
        and found["downloaded"] >= wanted["downloaded"]
        and found["uploaded"] >= wanted["uploaded"]
    )


@pytest.mark.parametrize("truth_file", TRUTHS, ids=lambda path: path.name.removesuffix(".truth.json"))
def test_every_sample_gives_its_truth_and_no_more(truth_file: Path) -> None:
    """Each incident is found with its group; hosts that had nothing to do with it are in none; the schema holds."""
    truth = json.loads(truth_file.read_text())
    whole = audited(ROOT / "samples" / truth["sample"])
    spoke = {host["host"] for host in truth["dht"]}

    Draft202012Validator(schema()).validate(whole)
    for wanted in truth["incidents"]:
        assert any(fits(wanted, found) for found in whole["incidents"]), wanted
    for found in whole["incidents"]:
        assert found["host"] not in truth["clean_hosts"]
        if found["participation"] != "contacted" and not (found["kind"] == "dht" and found["host"] in spoke):
            assert any(fits(wanted, found) for wanted in truth["incidents"]), found


@pytest.mark.slow
@pytest.mark.parametrize("truth_file", TRUTHS, ids=lambda path: path.name.removesuffix(".truth.json"))
def test_scapy_gives_the_same_document(truth_file: Path) -> None:
    """Whichever source reads a sample, the JSON is the same."""
    path = ROOT / "samples" / json.loads(truth_file.read_text())["sample"]
    through = through_scapy.sight_captures([CapturePath(str(path), "default")], OPTIONS)

    assert document.document(judge(through, POLICY)) == audited(path)
