"""From settings to a daemon that can run: every part started, in the order in which they need each other.

What cannot be done without stops the start: the policy, the right to capture. A store that is away does not: frames
that pass are gone, and records can wait.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.engine import Options
from auditor.evidence.note import counts
from auditor.evidence.record import new_id
from auditor.evidence.recorder import Recorder
from auditor.evidence.recording import Grounds, of_identity, of_policy
from auditor.evidence.retention import purge
from auditor.evidence.store import StoreError, open_store
from auditor.evidence.writer import Pace, Writer
from auditor.model.binding import Known
from auditor.model.moment import MINUTE, NANOSECONDS, rfc3339
from auditor.pipeline.known import known
from auditor.pipeline.standing import Standing
from auditor.sensor.canary.run import WithoutCanaries
from auditor.sensor.coverage import Minutes
from auditor.sensor.daemon import Daemon, Notifying, Silent
from auditor.sensor.earlier import Earlier, earlier_runs
from auditor.sensor.errors import Errors
from auditor.sensor.exposed import Exposed
from auditor.sensor.loop import Loop
from auditor.sensor.reloads import Handlers, Reloads
from auditor.sensor.seen import Seen, is_another
from auditor.sensor.seen_file import NAME, SeenFile
from auditor.sensor.upkeep import DAY, Chore, Upkeep
from auditor.sinks import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from auditor.evidence.record import Record
    from auditor.identity.load import Built
    from auditor.identity.reload import IdentityInForce
    from auditor.model.identity import IdentityRead
    from auditor.model.standing import IncidentChange
    from auditor.policy.evaluate import Policy
    from auditor.sensor.canary.run import Canaries
    from auditor.sensor.clock import Clock
    from auditor.sensor.config import MetricsSettings, StoreSettings
    from auditor.sensor.parts import Watching
    from auditor.sinks.queued import Queued
    from auditor.sinks.sink import SinkEntry
    from auditor.written.in_force import InForce, Reloaded, State


LOOK = 5 * NANOSECONDS
"""How often it is looked whether frames showed something of who has which address."""
KEEP = 5 * MINUTE
"""How often that is written for the next run, besides at the end: what came after is lost if there is none."""


class Held(NamedTuple):
    """What is in force of the files that people wrote."""

    policy: InForce[Policy]
    identity: IdentityInForce | None = None
    policy_path: Path | None = None
    identity_path: Path | None = None
    key: bytes | None = None
    """Of pseudonyms."""


@dataclass(frozen=True)
class Settings:
    """What a daemon is made of, whether a sensor file says so or a command."""

    name: str
    held: Held
    store: StoreSettings | None = None
    metrics: MetricsSettings | None = None
    sinks: Sequence[SinkEntry] = ()
    poll: float = 60.0
    """Seconds between two looks at the files of identity sources."""
    is_live: bool = True
    """Frames come as they happen."""
    tell: Callable[[Sequence[IncidentChange]], None] | None = None
    canaries: Canaries | None = None
    canary_every: int | None = None
    """Nanoseconds from one canary to the next."""
    notify: Notifying = field(default_factory=Silent)
    seen_file: Path | None = None
    """Where it is kept, from one run to the next, what frames showed of who has which address."""


def options_for(policy: Policy) -> Options:
    """Return how frames are looked at for a policy."""
    return Options(
        inside=(*policy.inside_networks, *policy.egress_networks),
        vlan_in_key=policy.vlan_in_key,
        known=policy.known_torrents,
    )


def only_after_restart(began: Options, now: Options) -> list[str]:
    """Return what of a new policy the engine takes only when it begins."""
    each = {
        "inside networks": set(began.inside) != set(now.inside),
        "listed torrents": set(began.known) != set(now.known),
        "vlan_in_key": began.vlan_in_key != now.vlan_in_key,
    }
    return [name for name, has_changed in each.items() if has_changed]


def assemble(
    settings: Settings, watch: Callable[[Options], Watching], *, clock: Clock, log: FilteringBoundLogger
) -> Daemon:
    """Start every part; ``watch`` begins to watch, once all others are there to take what it sees.

    Raises:
        OSError: if it may not be watched, or the metrics' address or the spool cannot be had.
        Unusable: if the metrics' web configuration has an error.
    """
    with ExitStack() as ends:
        daemon = _Assembly(settings, clock, log, ends).daemon(watch)
        daemon.ends = ends.pop_all()
        return daemon


class _Assembly:
    """Starts parts; those that must be ended again are on the stack."""

    def __init__(self, settings: Settings, clock: Clock, log: FilteringBoundLogger, ends: ExitStack) -> None:
        self._settings = settings
        self._clock = clock
        self._log = log
        self._ends = ends
        self._errors = Errors(log, clock)
        self._recorder = Recorder(run=new_id(clock.now().wall), sensor=settings.name, grounds=self._grounds())
        self._options = options_for(settings.held.policy.state.value)
        self._read = None if settings.held.identity is None else settings.held.identity.state.value.read
        self._reviews: Mapping[str, int] = {}
        self._seen_file = None if settings.seen_file is None else SeenFile(settings.seen_file)

    def daemon(self, watch: Callable[[Options], Watching]) -> Daemon:
        settings, held = self._settings, self._settings.held
        now = self._clock.now()
        earlier = self._earlier()
        state = held.policy.state
        standing = Standing(
            state,
            sensor=settings.name,
            directory=None if held.identity is None else held.identity.state.value.directory,
            key=held.key,
            new_id=new_id,
            resumed=earlier.incidents,
            past=earlier.past,
        )
        exposed = Exposed(
            settings.name,
            now.wall,
            self._clock,
            self._errors,
            Minutes(settings.name, now),
            held.policy,
            held.identity,
            standing=standing,
            reviews=lambda: self._reviews,
            sizes=lambda: {**standing.sizes, **exposed.figures.sizes},
        )
        for resumed in earlier.incidents:
            exposed.figures.resume(resumed.incident, resumed.gravest)
        store = self._store()
        sinks = self._sinks()
        exposed.store, exposed.sinks, exposed.restarts = store, sinks, earlier.runs
        begun = self._watching(watch)
        exposed.watch = begun

        def interfaces() -> list[str]:
            return [each.name for each in begun.counters().interfaces]

        def renew() -> None:
            reloads.renew()

        # An audit without identity sources asks nobody who has an address, and no more do we.
        is_asked = held.identity is not None
        seen = None
        if is_asked:
            seen = Seen(self._clock, lambda: standing.hosts, interfaces, renew, earlier=self._seen_earlier())
        loop = Loop(
            watch=begun,
            standing=standing,
            making=self._recorder,
            store=store,
            sinks=sinks,
            exposed=exposed,
            clock=self._clock,
            errors=self._errors,
            log=self._log,
            is_live=settings.is_live,
            seen=seen,
            tell=settings.tell,
        )
        self._record_start(loop, earlier, now.wall)
        reloads = self._reloads(loop, exposed)
        if seen is not None and held.identity is not None:
            self._build_beside(held.identity, seen, exposed)
        self._upkeep()
        self._send_canaries(loop, exposed)
        if settings.metrics is not None:
            self._serve(exposed, reloads, settings.metrics)
        return Daemon(
            watch=begun,
            loop=loop,
            exposed=exposed,
            store=store,
            sinks=sinks,
            clock=self._clock,
            errors=self._errors,
            log=self._log,
            ask_reload=reloads.ask,
            notify=settings.notify,
        )

    def _earlier(self) -> Earlier:
        """Ask the store what an earlier run left; where it is away, nothing is known, and incidents begin anew."""
        settings = self._settings
        if settings.store is None:
            return Earlier()
        policy = settings.held.policy.state.value
        try:
            with closing(open_store(settings.store.url)) as store:
                now = self._clock.now().wall if settings.is_live else None
                return earlier_runs(store, settings.name, policy, now)
        except StoreError as problem:
            self._log.error("the store is away", reason="open incidents begin anew", error=str(problem))
            return Earlier()

    def _store(self) -> Writer | None:
        settings = self._settings.store
        if settings is None:
            return None
        writer = Writer(
            lambda: open_store(settings.url),
            spool=settings.spool,
            capacity=settings.queue,
            spool_bytes=settings.spool_bytes,
            say=lambda words: self._log.warning("store", reason=words),
            pace=Pace(linger=settings.commit / NANOSECONDS),
        )
        self._ends.callback(writer.close, 0.0)  # closing twice does nothing
        return writer

    def _sinks(self) -> dict[str, Queued]:
        sinks: dict[str, Queued] = {}
        for entry in self._settings.sinks:
            say = partial(self._say_of_sink, entry.shown)
            sinks[entry.shown] = registry.start(entry, say)
            self._ends.callback(sinks[entry.shown].close, 0.0)
        return sinks

    def _say_of_sink(self, name: str, words: str) -> None:
        self._log.warning("sink", sink=name, reason=words)

    def _grounds(self) -> Grounds:
        held = self._settings.held
        return Grounds(held.policy.state.sha256, None if held.identity is None else held.identity.state.sha256)

    def _texts(self) -> list[Record]:
        """Record what judgements rest on: the text of the policy, and which files identity sources were read from."""
        held, now = self._settings.held, self._clock.now().wall
        records = []
        with self._errors.guard("records"):
            if held.policy_path is not None:
                state = held.policy.state
                text = held.policy_path.read_bytes()
                records.append(of_policy(text, name=state.value.name, at=now, sha256=state.sha256))
            if held.identity is not None:
                records.append(of_identity(held.identity.state.value.read, at=now))
        return records

    def _record_start(self, loop: Loop, earlier: Earlier, now: int) -> None:
        """Record that the sensor was started, by what, and since when nothing was watched."""
        policy = self._settings.held.policy.state
        words: dict[str, Any] = {"policy_sha256": policy.sha256, "resumed": len(earlier.incidents)}
        if earlier.runs:
            since = None if earlier.watched_until is None else rfc3339(earlier.watched_until)
            words |= {"gap_since": since, "was_stopped": earlier.was_stopped}
        loop.put_event("started", words)
        loop.put_records(self._texts())
        if earlier.runs and self._settings.is_live:
            seconds = None if earlier.watched_until is None else (now - earlier.watched_until) // NANOSECONDS
            how = "it was stopped" if earlier.was_stopped else "it ended without saying so"
            self._log.warning("watching again", seconds=seconds, incidents=len(earlier.incidents), reason=how)

    def _reloads(self, loop: Loop, exposed: Exposed) -> Reloads:
        held = self._settings.held

        def put_policy(state: State[Policy]) -> None:
            changed = only_after_restart(self._options, options_for(state.value))
            exposed.awaits_restart = bool(changed)
            if changed:
                what = " and ".join(changed)
                words = f"the new policy changes {what}: verdicts go by it, but frames are looked at by the old one"
                self._log.warning("restart the sensor", reason=words)
            loop.post(partial(self._put_grounds, loop))
            loop.post(partial(loop.put_policy, state))

        def put_identity(state: State[Built]) -> None:
            if self._is_news(state.value.read):
                loop.post(partial(self._put_grounds, loop))
            loop.post(partial(loop.put_directory, state.value.directory))

        def told(name: str, outcome: Reloaded) -> None:
            if name == "identity" and outcome.accepted:
                return  # leases change all the time; what was read is recorded
            words: dict[str, Any] = {
                "file": name,
                "accepted": outcome.accepted,
                "old": outcome.old,
                "new": outcome.new,
            }
            if name == "policy":
                words["awaits_restart"] = exposed.awaits_restart
            loop.post(partial(loop.put_event, "reloaded", words))

        reloads = Reloads(
            held.policy,
            held.identity,
            held.identity_path,
            Handlers(put_policy, put_identity, told),
            clock=self._clock,
            errors=self._errors,
            log=self._log,
            poll=self._settings.poll,
        )
        reloads.start()
        self._ends.callback(reloads.stop)
        return reloads

    def _build_beside(self, identity: IdentityInForce, seen: Seen, exposed: Exposed) -> None:
        """Build directories of identity sources and of what frames show, as an audit does, from now on."""
        identity.build = lambda read: known(read, seen.sighting())
        exposed.limits = lambda: seen.limits_hit
        sizes = exposed.sizes
        exposed.sizes = lambda: {**sizes(), **seen.sizes}
        if self._settings.is_live:
            chores = [Chore("seen", LOOK, seen.look)]
            if self._seen_file is not None:
                write = partial(self._write_seen, self._seen_file, seen)
                chores.append(Chore("seen_file", KEEP, write))
                self._ends.callback(write)
            looking = Upkeep(chores, clock=self._clock, errors=self._errors)
            looking.start()
            self._ends.callback(looking.stop)

    def _seen_earlier(self) -> Known:
        """Return what frames showed in an earlier run."""
        if self._seen_file is None:
            return Known()
        try:
            return self._seen_file.read()
        except (OSError, ValueError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else str(problem)
            self._log.warning("what an earlier run saw of addresses is left aside", file=NAME, reason=reason)
            return Known()

    def _write_seen(self, file: SeenFile, seen: Seen) -> None:
        with self._errors.guard("seen_file"):
            file.write(seen.known())

    def _upkeep(self) -> None:
        """Delete what is too old, once a day, and count what people noted, once a minute."""
        settings, policy = self._settings.store, self._settings.held.policy
        if settings is None:
            return

        def delete() -> None:
            retention = policy.state.value.retention
            if retention is None or not self._settings.is_live:
                return  # of captures that are played, nothing is old
            with closing(open_store(settings.url)) as store:
                gone = purge(store, retention, now=self._clock.now().wall)
            if gone.records:
                self._log.info("deleted what is too old", records=gone.records)

        def count() -> None:
            with closing(open_store(settings.url)) as store:
                self._reviews = counts(store)

        chores = [Chore("retention", DAY, delete), Chore("reviews", MINUTE, count)]
        upkeep = Upkeep(chores, clock=self._clock, errors=self._errors)
        upkeep.start()
        self._ends.callback(upkeep.stop)

    def _watching(self, watch: Callable[[Options], Watching]) -> Watching:
        """Begin to watch; canaries that come by are nobody's, and stay out of everything."""
        begun = watch(self._options)
        if hasattr(begun, "close"):
            self._ends.callback(begun.close)
        canaries = self._settings.canaries
        return begun if canaries is None else WithoutCanaries(begun, canaries)

    def _send_canaries(self, loop: Loop, exposed: Exposed) -> None:
        canaries, every = self._settings.canaries, self._settings.canary_every
        if canaries is None or every is None:
            return

        def send() -> None:
            result = canaries.run()
            loop.post(lambda: loop.put_canary(result))
            if result.error is not None:
                self._log.error("canary not sent", over=result.over, error=result.error)
            elif not result.is_seen:
                self._log.error("canary missed", over=result.over)

        exposed.canary_every = every
        sending = Upkeep([Chore("canary", every, send)], clock=self._clock, errors=self._errors)
        sending.start()
        self._ends.callback(canaries.close)
        self._ends.callback(sending.stop)

    def _is_news(self, read: IdentityRead) -> bool:
        """Whether it is worth a record of its own: other files, or a clock that was found to be another one."""
        before, self._read = self._read, read
        if before is None or before.sha256 != read.sha256:
            return True
        clocks = zip(before.sources, read.sources, strict=True)
        if any(is_another(one.clock, other.clock) for one, other in clocks):
            return True
        self._read = before  # small steps come to a large one
        return False

    def _put_grounds(self, loop: Loop) -> None:
        self._recorder.grounds = self._grounds()
        loop.put_records(self._texts())

    def _serve(self, exposed: Exposed, reloads: Reloads, settings: MetricsSettings) -> None:
        from auditor.metrics.server import serve  # noqa: PLC0415 - not every daemon has metrics

        listen = settings.listen
        try:
            server = serve(
                exposed.state,
                reload=reloads.now,
                healthy=lambda: exposed.is_healthy,
                ready=lambda: exposed.is_ready,
                address=str(listen.address),
                port=listen.port,
                web_config=settings.web_config,
            )
        except OSError as problem:
            raise OSError(problem.errno, f"metrics cannot be served at {listen}: {problem.strerror}") from problem
        self._ends.callback(server.close)
        self._log.info("metrics served", listen=server.url)
