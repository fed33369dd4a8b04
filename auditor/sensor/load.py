"""From a sensor file to its settings: every issue of the file at once, each with its place."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from auditor.sensor import config, kernel_filter
from auditor.sensor.config import SensorConfig
from auditor.sensor.schema import SensorFile
from auditor.sinks.registry import SINKS
from auditor.sinks.sink import SinkEntry
from auditor.written import source
from auditor.written.issue import BadFile, Issue, in_order, quoted
from auditor.written.kind import FileKind
from auditor.written.source import MAX_BYTES
from auditor.written.validate import validate, validate_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.sensor.kernel_filter import Program
    from auditor.sensor.schema import InterfaceEntry
    from auditor.written.issue import IssueSeverity
    from auditor.written.repair import Restore
    from auditor.written.source import Loc, Source

DEFAULT_PATH = Path("/etc/auditor/sensor.yaml")
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The one variable that a path may begin with: systemd sets it for a service whose unit has ``LoadCredential=``."""
OWN_KEY = "pseudonyms.key"

SENSOR = FileKind(
    article="a",
    noun="sensor file",
    begin="begin with 'version: 1', then 'policy:' and 'interfaces:'; deploy/sensor.yaml is a commented example",
    shrink="a sensor file has a few dozen lines",
    mandatory={
        "policy": ("missing-policy", "name the policy file: policy: policy.yaml"),
        "interfaces": ("missing-interfaces", "name what to watch: interfaces: [eth1]"),
        "kind": ("missing-kind", "say which: kind: eve"),
    },
    naming=(("interface", "name"), ("sink", "kind")),
    sections={"sinks": "sink"},
    stand_ins={"version": 1, "policy": "policy.yaml", "interfaces": ("lo",)},
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading a sensor file gave."""

    config: SensorConfig | None
    """``None`` where an issue is an error."""
    issues: list[Issue]
    draft: SensorConfig | None = None
    """What could be made of the file all the same: to check the files that it names in the same run."""


def load(path: Path = DEFAULT_PATH) -> SensorConfig:
    """Read a sensor file; the files that it names are not looked at, but for filters.

    Raises:
        BadFile: if there is an error; warnings alone do not stop it.
    """
    loaded = read(path)
    if loaded.config is None:
        raise BadFile(loaded.issues)
    return loaded.config


def read(path: Path, environ: Mapping[str, str] = os.environ, *, at_rest: bool = False) -> Loaded:
    """Read a sensor file and everything that is to be said about it.

    ``at_rest``: it is looked at outside its service, where systemd's credentials need not be there.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        message = f"the file cannot be read: {problem.strerror}"
        hint = "deploy/sensor.yaml is a commented example" if isinstance(problem, FileNotFoundError) else None
        return Loaded(None, [Issue("sensor-unreadable", message, str(path), 0, 0, hint)])
    text, issues = source.parse(SENSOR, str(path), content)
    if text is None:
        return Loaded(None, issues)
    validated = validate(text, SensorFile)
    issues += validated.issues
    if validated.model is None:
        return Loaded(None, in_order(text.file, issues))
    reading = _Reading(text, validated.restore, path.absolute().parent, environ, at_rest=at_rest)
    made = reading.settings(validated.model, path.absolute(), sha256(content).hexdigest())
    issues = in_order(text.file, [*issues, *reading.issues])
    if any(issue.severity == "error" for issue in issues):
        return Loaded(None, issues, made)
    return Loaded(made, issues, made)


class _Reading:
    """Makes settings of a file that fits its schema, and notes what is wrong all the same."""

    def __init__(
        self, text: Source, restore: Restore, folder: Path, environ: Mapping[str, str], *, at_rest: bool
    ) -> None:
        self.issues: list[Issue] = []
        self._text, self._restore, self._folder = text, restore, folder
        self._environ, self._at_rest = environ, at_rest

    def settings(self, written: SensorFile, path: Path, digest: str) -> SensorConfig:
        state = self._path(written.state_dir, "state_dir")
        key = None if written.key_file is None else self._path(written.key_file, "key_file")
        identity = written.identity
        return SensorConfig(
            path=path,
            sha256=digest,
            name=written.name or config.host_name(),
            policy=self._path(written.policy, "policy"),
            identity=None if identity is None else self._path(identity.file, "identity", "file"),
            identity_reload=0 if identity is None else identity.reload,
            key_file=state / OWN_KEY if key is None else key,
            makes_key=key is None,
            state_dir=state,
            interfaces=tuple(self._interfaces(written.interfaces)),
            workers=written.workers,
            store=self._store(written, state),
            metrics=self._metrics(written),
            sinks=tuple(self._sinks(written)),
            canary=self._canary(written),
            log=config.LogSettings(written.log.format, written.log.level),
        )

    def _note(
        self, code: str, message: str, loc: Loc, hint: str | None = None, severity: IssueSeverity = "error"
    ) -> None:
        place = self._restore(tuple(loc))
        self.issues.append(self._text.issue(code, message, place, hint=hint, severity=severity))

    def _path(self, written: str, *loc: str | int) -> Path:
        """Make a path whole: relative to the file, or in the folder of systemd's credentials."""
        prefix = f"${{{CREDENTIALS}}}/"
        if written.startswith(prefix):
            folder = self._environ.get(CREDENTIALS)
            if folder is not None:
                return Path(folder) / written.removeprefix(prefix)
            message = f"{CREDENTIALS} is not set: nothing is known of this file"
            hint = "systemd sets it for a service whose unit has LoadCredential=; otherwise write the path"
            self._note("no-credentials", message, loc, hint, "warning" if self._at_rest else "error")
            return Path(written)
        if "$" in written:
            message = f"{quoted(written)} has a '$'; ${{{CREDENTIALS}}}/ at the beginning is all that is filled in"
            self._note("bad-path", message, loc, "write the path itself")
        return self._folder / written

    def _interfaces(self, entries: tuple[InterfaceEntry, ...]) -> Iterator[config.Interface]:
        seen: set[str] = set()
        for number, entry in enumerate(entries):
            if entry.name in seen:
                message = f"interface '{entry.name}' is named twice: each of its frames would count twice"
                self._note("duplicate-interface", message, ("interfaces", number, "name"), "leave one out")
            seen.add(entry.name)
            yield config.Interface(
                interface=entry.name,
                snap_length=entry.snap_length,
                ring_bytes=-(-entry.ring // config.BLOCK) * config.BLOCK,
                block_bytes=config.BLOCK,
                promiscuous=entry.promiscuous,
                filter=self._filter(entry, number),
                timestamps=entry.timestamps,
                vantage=entry.vantage,
            )

    def _filter(self, entry: InterfaceEntry, number: int) -> Program:
        if entry.filter is not None and entry.filter_file is not None:
            message = "there is a filter already: the kernel takes one"
            self._note("two-filters", message, ("interfaces", number, "filter_file"), "leave one of them out")
        if entry.filter is not None:
            try:
                return kernel_filter.compile_filter(entry.filter)
            except PydanticCustomError as problem:
                context = problem.context or {}
                self._note(problem.type, context["message"], ("interfaces", number, "filter"), context["hint"])
        elif entry.filter_file is not None:
            loc = ("interfaces", number, "filter_file")
            path = self._path(entry.filter_file, *loc)
            try:
                with path.open("rb") as stream:
                    return kernel_filter.parse_program(stream.read(kernel_filter.MAX_BYTES + 1))
            except OSError as problem:
                self._note("filter-unreadable", f"the file cannot be read: {problem.strerror}", loc)
            except ValueError as problem:
                hint = f"write it with: tcpdump -i {entry.name} -ddd 'not port 443' > {entry.filter_file}"
                self._note("bad-filter", str(problem), loc, hint)
        return ()

    def _store(self, written: SensorFile, state: Path) -> config.StoreSettings:
        store = written.store
        url = store.url or f"sqlite:///{state / 'evidence.sqlite'}"
        if "://" not in url:
            url = str(self._path(url, "store", "url"))
        elif ":" in url.partition("://")[2].rpartition("@")[0]:
            message = "the URL holds a password, and whoever may read this file may read it"
            self._note("password-in-url", message, ("store", "url"), "let it stand in ~/.pgpass (mode 0600)", "warning")
            self.issues[-1] = replace(self.issues[-1], excerpt=None)
        spool = state / "spool" if store.spool is None else self._path(store.spool, "store", "spool")
        return config.StoreSettings(url, store.queue, spool, store.spool_size, store.commit)

    def _metrics(self, written: SensorFile) -> config.MetricsSettings:
        listen, web = written.metrics.listen, written.metrics.web_config
        if not listen.address.is_loopback and web is None:
            message = f"whoever reaches {listen} may read the metrics and reload the sensor"
            hint = "name a 'web_config' with TLS and a log-in, or listen on 127.0.0.1"
            self._note("open-metrics", message, ("metrics", "listen"), hint, "warning")
        return config.MetricsSettings(listen, None if web is None else self._path(web, "metrics", "web_config"))

    def _sinks(self, written: SensorFile) -> Iterator[SinkEntry]:
        seen: set[str] = set()
        for number, entry in enumerate(written.sinks):
            loc = self._restore(("sinks", number))
            kind = str(entry.get("kind"))
            known = kind in SINKS
            model = SINKS[kind].model if known else SinkEntry
            # Of an unknown kind nothing is known but that.
            said = entry if known else {key: value for key, value in entry.items() if key == "kind"}
            found = validate_entry(self._text, said, loc, model)
            self.issues += found.issues
            sink = found.model
            if sink is None or found.mended:
                continue
            if sink.shown in seen:
                message = f"there is already a sink '{sink.shown}': metrics and logs tell sinks apart by their names"
                self._note("duplicate-sink", message, ("sinks", number), "give it a name of its own")
            seen.add(sink.shown)
            yield sink

    def _canary(self, written: SensorFile) -> config.CanarySettings | None:
        canary = written.canary
        if canary is None:
            return None
        if canary.over != "namespace" and canary.over not in {entry.name for entry in written.interfaces}:
            message = f"'{canary.over}' is not watched: a canary that goes there is never seen"
            self._note("unwatched-canary", message, ("canary", "over"), "name one of 'interfaces', or 'namespace'")
        return config.CanarySettings(canary.every, canary.over)
