"""What the documents at the root say is so: links lead somewhere, commands exist, quoted output is what is printed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

import auditor_native
from auditor.cli.exit_code import ExitCode
from auditor.cli.program import cli
from auditor.metrics.audit import AuditCollector
from tests.build.audits import office_audit

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
QUOTED = re.findall(r"<!-- output: (.+?) -->\n```text\n(.*?)\n```", README, re.DOTALL)
EXAMPLE = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```", CONTRIBUTING, re.DOTALL | re.MULTILINE))
"""The files of the worked example, by their paths."""
CHANGES = re.findall(r"<!-- diff -->\n```diff\n(.*?)^```", CONTRIBUTING, re.DOTALL | re.MULTILINE)
"""What the worked example changes in files that are there."""
every_document = pytest.mark.parametrize("document", DOCUMENTS)


def auditor(*words: str) -> str:
    """Run the command as a program whose output is no terminal; return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "COLUMNS"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return ended.stdout


def blocks(text: str) -> list[str]:
    """Return what stands in fenced blocks without a language: commands."""
    fenced: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for language, block in fenced if not language]


def commands(text: str) -> list[list[str]]:
    """Return the words after ``auditor`` of each command in a document, as a shell would part them."""
    found = []
    for line in "".join(blocks(text)).replace(" |\n", " | ").splitlines():
        shell = shlex.shlex(line, posix=True, punctuation_chars="|>&")
        shell.whitespace_split = True  # a time's colon is no end of a word
        words = list(shell)
        while any(Path(word).name == "auditor" for word in words):
            words = words[next(at for at, word in enumerate(words) if Path(word).name == "auditor") + 1 :]
            end = next((at for at, word in enumerate(words) if set(word) <= set("|>&")), len(words))
            found.append(words[:end])
            words = words[end:]
    return found


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@every_document
def test_links_lead_somewhere(document: str) -> None:
    """To a file of this repository, or to a heading of the document itself."""
    text = (ROOT / document).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("https://")]

    broken = [
        link
        for link in links
        if not (link[1:] in anchors(text) if link.startswith("#") else (ROOT / link.split("#")[0]).exists())
    ]

    assert broken == []


@every_document
def test_paths_in_code_exist(document: str) -> None:
    """Whatever is written as code and begins with a folder of ours is there."""
    text = re.sub(r"^```\w*\n.*?^```$", "", (ROOT / document).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    paths = set(re.findall(r"`((?:auditor|policies|samples|tests|\.ci)/[\w./-]*)`", text)) - set(EXAMPLE)

    assert [path for path in paths if not (ROOT / path).exists()] == []


@every_document
def test_commands_are_known(document: str) -> None:
    """Each command parses, and each of its options is one; nothing is run."""
    for words in commands((ROOT / document).read_text("utf-8")):
        command: click.Command = cli
        context = click.Context(cli, info_name="auditor")
        rest = words
        while isinstance(command, click.Group):
            found = command.get_command(context, rest[0])
            assert found is not None, words
            command, rest = found, rest[1:]
            context = click.Context(command, parent=context)
        command.parse_args(context, list(rest))


def test_the_readme_has_commands() -> None:
    """Lest the test above tests nothing."""
    assert len(commands(README)) > 15


@pytest.mark.parametrize(("command", "quoted"), QUOTED, ids=[command for command, _ in QUOTED])
def test_quoted_output_is_what_is_printed(command: str, quoted: str) -> None:
    """All of it, or its beginning."""
    assert (auditor(*shlex.split(command)) + "\n").startswith(quoted + "\n")


def test_the_office_day_is_quoted_to_its_end() -> None:
    """The main job's output stands in the README as it is."""
    command, quoted = QUOTED[0]

    assert command in README.replace(f"<!-- output: {command} -->", "")
    assert auditor(*shlex.split(command)) == quoted + "\n"


def test_the_quoted_violations_are_those_of_the_office_day() -> None:
    """What jq would print, for machines that have none."""
    quoted = re.findall(r"<!-- violations -->\n```text\n(.*?)\n```", README, re.DOTALL)
    found = json.loads(auditor(*shlex.split(QUOTED[0][0]), "--format", "json"))["incidents"]

    rows = [
        "\t".join((i["id"], i["attribution"]["group"], i["host"], i["participation"], i["rule"]))
        for i in found
        if i["verdict"] == "violation"
    ]

    assert quoted == ["\n".join(rows)]


def test_exit_codes_are_all_there() -> None:
    """Each with a line of its own."""
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)} == set(ExitCode)


def test_metrics_are_all_there() -> None:
    """Names and labels as they are exported."""
    day = office_audit()
    collector = AuditCollector(day.captures, day.incidents, {"flows": 1}, finished=0)
    told = {
        name: set(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(r"^\| `(auditor_\w+)` \| (.*?)\| ", README, re.MULTILINE)
    }

    exported = {
        family.name: set().union(*(sample.labels for sample in family.samples)) for family in collector.collect()
    }

    assert told == exported


def test_detectors_are_all_there() -> None:
    """CONTRIBUTING says of each what it sees, what it proves, how it is fooled and what it costs."""
    told = re.findall(r"^\| `(bt\.[\w.]+)` \|", CONTRIBUTING, re.MULTILINE)

    assert set(told) == set(auditor_native.detectors())


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the worked example touches, with the example applied."""
    copy = tmp_path_factory.mktemp("example")
    shutil.copytree(
        ROOT / "auditor", copy / "auditor", ignore=shutil.ignore_patterns("target", "__pycache__", "corpus")
    )
    shutil.copy(ROOT / "auditor_native.pyi", copy)
    for path, text in EXAMPLE.items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text, "utf-8")
    applied = subprocess.run(
        ["git", "apply", "-"], cwd=copy, input="".join(CHANGES), capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, f"CONTRIBUTING's example no longer fits the code: {applied.stderr}"
    return copy


def test_the_worked_example_is_whole(example: Path) -> None:
    """Its changes apply to the code as it is, and its Python is Python."""
    assert "vuze_dht::VuzeDht" in (example / "auditor/native/core/src/detect/registry.rs").read_text("utf-8")
    for path in ("auditor/policy/fields.py", *EXAMPLE):
        if path.endswith(".py"):
            compile((example / path).read_text("utf-8"), path, "exec")


@pytest.mark.slow
def test_the_worked_example_works(example: Path) -> None:
    """Whoever follows it gets a detector that compiles and passes its tests."""
    cargo = shutil.which("cargo")
    if cargo is None:
        if os.environ.get("CI"):
            pytest.fail("cargo is missing")
        pytest.skip("cargo is missing: install Rust to build the worked example")

    ended = subprocess.run(
        [cargo, "test", "--locked", "--package", "auditor-core", "vuze_dht"],
        cwd=example / "auditor" / "native",
        env=os.environ | {"CARGO_TARGET_DIR": str(ROOT / "auditor" / "native" / "target" / "example")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 passed" in ended.stdout
