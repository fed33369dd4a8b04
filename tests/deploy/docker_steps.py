"""Runs the steps of deploy/docker/Dockerfile in folders of Debian, where there is no engine for containers.

``python -m tests.deploy.docker_steps FOLDER`` as root; needs debootstrap, the network, a Rust toolchain, some minutes
and 3 GB. Each stage is a folder; COPY copies, RUN runs under chroot with the variables of ENV and ARG. Of the bases,
Python is Debian's, and Rust is the toolchain of this machine. Everything else is as the Dockerfile has it.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("ca-certificates", "gcc", "libc6-dev", "python3", "python3-venv")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction."""

    name: str
    rest: str


def parse(text: str) -> list[Step]:
    """Return the instructions of a Dockerfile: lines that end with a backslash go on, comments are left out."""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", "", "\n".join(lines))
    found = []
    for line in joined.split("\n"):
        name, _, rest = line.strip().partition(" ")
        if name:
            found.append(Step(name.upper(), rest.strip()))
    return found


@dataclass
class Stage:
    """A stage under way."""

    root: Path
    folder: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"


class Building:
    """Goes through the instructions."""

    def __init__(self, work: Path, ignore: list[str]) -> None:
        self._work = work
        self._ignore = ignore
        self._arguments: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self.last: Stage | None = None
        self.settings: dict[str, str] = {}

    def take(self, step: Step) -> None:
        """Carry out one instruction."""
        print(f"== {step.name} {step.rest}", flush=True)  # noqa: T201 - how far it is
        if step.name == "ARG":
            self._argument(step.rest)
        elif step.name == "FROM":
            self._begin(step.rest)
        elif self.last is not None:
            self._in_stage(self.last, step)

    def _argument(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        into = self._arguments if self.last is None else self.last.variables
        into[name] = os.environ.get(name, value)

    def _begin(self, rest: str) -> None:
        found = re.fullmatch(r"\$\{(\w+)\}(?: AS (\w+))?", rest)
        assert found is not None, rest
        base, name = found.groups()
        root = self._work / (name or "image")
        if base == "RUST":
            home = Path(os.environ.get("RUSTUP_HOME", Path.home() / ".rustup"))
            cargo = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
            (root / "usr/local/cargo").mkdir(parents=True)
            _copy(home, root / "usr/local/rustup")
            _copy(cargo / "bin", root / "usr/local/cargo/bin")
        else:
            _copy(_debian(self._work), root)
        self.last = self._stages[name or "image"] = Stage(root)

    def _in_stage(self, stage: Stage, step: Step) -> None:
        if step.name == "ENV":
            for word in shlex.split(step.rest):
                name, _, value = word.partition("=")
                stage.variables[name] = re.sub(r"\$\{(\w+)\}", lambda m: stage.variables[m[1]], value)
        elif step.name == "WORKDIR":
            stage.folder = step.rest
            (stage.root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.name == "COPY":
            self._copy_into(stage, step.rest)
        elif step.name == "RUN":
            self.run(stage, ["/bin/sh", "-c", step.rest])
        elif step.name == "USER":
            stage.user = step.rest
        else:
            self.settings[step.name] = step.rest

    def _copy_into(self, stage: Stage, rest: str) -> None:
        origin = re.fullmatch(r"--from=(\w+) (\S+) (\S+)", rest)
        if origin is not None:
            name, source, target = origin.groups()
            _copy(self._stages[name].root / source.lstrip("/"), stage.root / target.lstrip("/"))
            return
        assert rest == ". .", rest
        for path in _context(self._ignore):
            target_path = stage.root / stage.folder.lstrip("/") / path
            target_path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, target_path)

    def run(self, stage: Stage, command: list[str], *, capture: bool = False) -> str:
        """Run a command within a stage."""
        inside = stage.root
        for name in ("proc", "dev"):
            subprocess.run(["mount", "--rbind", f"/{name}", str(inside / name)], check=True)
        shutil.copy("/etc/resolv.conf", inside / "etc/resolv.conf")
        names = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": "/root",
            "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
        }
        handed_on = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
        words = [f"{key}={value}" for key, value in {**names, **handed_on, **stage.variables}.items()]
        chroot = ["chroot", f"--userspec={stage.user}", str(inside), "/usr/bin/env", "-C", stage.folder, "-i", *words]
        try:
            done = subprocess.run(
                [*chroot, *command], check=True, text=True, stdout=subprocess.PIPE if capture else None
            )
        finally:
            for name in ("dev", "proc"):
                subprocess.run(["umount", "--recursive", "--lazy", str(inside / name)], check=True)
        return done.stdout or ""


def _debian(work: Path) -> Path:
    """Return a folder with what the base images have, made once."""
    base = work / "debian"
    if not (base / "usr/local/bin/python3").exists():
        include = f"--include={','.join(PACKAGES)}"
        subprocess.run(["debootstrap", "--variant=minbase", include, "bookworm", str(base), MIRROR], check=True)
        own = Path("/usr/local/share/ca-certificates")
        if own.is_dir():
            shutil.copytree(own, base / "usr/local/share/ca-certificates", dirs_exist_ok=True)
        bundle = Path("/etc/ssl/certs/ca-certificates.crt")
        if bundle.exists():
            shutil.copy(bundle, base / "etc/ssl/certs/ca-certificates.crt")
        for name in ("python", "python3"):
            (base / "usr/local/bin" / name).symlink_to("/usr/bin/python3")
    return base


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", str(source), str(target)], check=True)


def context_files() -> list[str]:
    """Return the files of this repository that the image is made of."""
    return _context((DOCKERFILE.parent / "Dockerfile.dockerignore").read_text("utf-8").split("\n"))


def _context(ignore: list[str]) -> list[str]:
    rules = [line.strip() for line in ignore if line.strip() and not line.startswith("#")]
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, check=True, cwd=ROOT, text=True
    )
    return [path for path in listed.stdout.split("\n") if path and not _is_ignored(path, rules)]


def _is_ignored(path: str, rules: list[str]) -> bool:
    """Say whether the last rule that speaks of a file or of a folder above it leaves it out."""
    ignored = False
    above = ["/".join(path.split("/")[: n + 1]) for n in range(path.count("/") + 1)]
    for rule in rules:
        pattern = rule.lstrip("!")
        patterns = (pattern, pattern.removeprefix("**/")) if pattern.startswith("**/") else (pattern,)
        if any(fnmatch.fnmatchcase(each, one) for each in above for one in patterns):
            ignored = not rule.startswith("!")
    return ignored


def build(work: Path) -> Building:
    """Carry out the whole Dockerfile."""
    building = Building(work, (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text("utf-8").split("\n"))
    for step in parse(DOCKERFILE.read_text("utf-8")):
        building.take(step)
    return building


def main() -> None:
    """Build in the folder that is named, and run what was built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    work = parser.parse_args().folder.absolute()
    work.mkdir(parents=True, exist_ok=True)
    building = build(work)
    image = building.last
    assert image is not None
    sys.stdout.write(building.run(image, ["/opt/auditor/bin/auditor", "--version"], capture=True))


if __name__ == "__main__":
    main()
