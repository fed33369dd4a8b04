"""How far each source's clock is off, measured: what it wrote down, against the frames in which that happened.

A lease that a source tells of, and the server's answer to the same device about the same address, are one event with
two times. Each pair of such times is a candidate; the offset is where most of them agree, not their mean. At least
three events must agree, within seconds.

What makes it hard is that leases are renewed at regular times: half of its length after it began, a lease is renewed,
and again and again. A clock that is off by one such period fits nearly as well as one that is right; where the file
or the capture has one end of the row and not the other, it fits better; and where the file was read later and has the
last line of each lease alone, it is the only one that fits. So an offset is not believed

- if another has at least half as many events for it; or
- if, some periods more or less, it might be nothing or one of the usual faults: an hour, by daylight saving or a
  wrong zone;

unless events decide that do not repeat: leases that began and such that were given back. That a lease began, a frame
says where the client had no address when it asked; a file, where its line before speaks of another holder of the
address, or of none any more. A first line alone does not: servers rewrite their files, and leave of each address the
last line. It does where it comes a lease's length after the second line of any other address, since the file was not
rewritten in between.

Where no answer of a server tells, ARP and neighbour discovery may: a device announces an address when it has got it,
some seconds after. That is less exact.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.model.identity import Offset, Tenancy, Trust
from auditor.model.moment import MINUTE, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.model.capture import Sighting
    from auditor.model.flow import Address
    from auditor.model.identity import Statement

LEAST = 3
"""Events that must agree."""
RESOLUTION = NANOSECONDS
"""Sources write whole seconds."""
ANNOUNCING = 10 * NANOSECONDS
"""How long after it got an address a device may announce it: it looks first whether anybody has it (RFC 5227 §2.1)."""
USUAL_FAULT = 65 * MINUTE
"""An hour, and five minutes that clocks go wrong beside."""
MAX_ROWS = 1 << 18
"""Statements that are kept of one source, of addresses that the capture tells of."""
MAX_PAIRS = 1 << 18
"""Candidates that are looked at: first those of devices with few events, which tell most."""
_OF_NORMAL = 1.4826
"""A normal distribution's standard deviation by its median absolute deviation."""

Kind = Literal["begun", "again", "over"]
"""A lease that began; one that is renewed, or of which nobody knows; one that was given back."""
_Key = tuple["Address", str]
"""An address and a device."""


class _Event(NamedTuple):
    time: int
    kind: Kind
    seconds: int
    """For how long the address was given; 0 where that is not known."""


class _Row(NamedTuple):
    """What a line says; lines that say the same are one."""

    start: int
    device: str
    lasts: int | None
    """In nanoseconds; 0 where the address is given back."""
    is_session: bool = False
    """It is a part of a log-in's session, which begins once and is never renewed."""


class _Said(NamedTuple):
    """What lines about one address come to."""

    time: int
    is_over: bool
    device: str
    lasts: int


class _Pair(NamedTuple):
    offset: int
    frame: int
    row: int


class _Peak(NamedTuple):
    """Where candidates agree."""

    pairs: Sequence[_Pair]
    score: int
    rival: int
    """How many agree on the best offset elsewhere."""

    @property
    def stands(self) -> bool:
        return self.score >= LEAST and 2 * self.rival < self.score


class Clocks:
    """Takes what sources say on its way to the directory, and keeps what frames of the capture tell of too."""

    def __init__(self, sighting: Sighting) -> None:
        self._answers = _answers(sighting)
        self._announcements = _announcements(sighting)
        self._addresses = {ip for ip, _ in (*self._answers, *self._announcements)}
        self._rows: dict[str, dict[Address, list[_Row]]] = {}
        self._kept: Counter[str] = Counter()

    def watch(self, statements: Iterable[Statement]) -> Iterator[Statement]:
        """Pass statements on."""
        for statement in statements:
            self.take(statement)
            yield statement

    def take(self, statement: Statement) -> None:
        """Keep what can be compared."""
        if not isinstance(statement, Tenancy) or statement.trust in {Trust.LISTED, Trust.SEEN} or statement.supposed:
            return
        source = statement.line.source
        rows = self._rows.setdefault(source, {})
        device = statement.mac or statement.duid
        if device is None or statement.ip not in self._addresses or self._kept[source] >= MAX_ROWS:
            return
        self._kept[source] += 1
        lasts = None if statement.end is None else statement.end - statement.start
        is_session = statement.trust is Trust.AUTHENTICATED
        rows.setdefault(statement.ip, []).append(_Row(statement.start, device, lasts, is_session))

    def offsets(self, declared: Mapping[str, Offset] | None = None) -> dict[str, Offset]:
        """Return each source's offset: measured, else declared, else unknown."""
        declared = declared or {}
        found: dict[str, Offset] = {}
        for source in sorted({*self._rows, *declared}):
            measured = self._measure(source)
            found[source] = measured or declared.get(source, Offset("unknown"))
        return found

    def _measure(self, source: str) -> Offset | None:
        # Of what was not kept, some line may say that another began.
        told = _told(self._rows.get(source, {}), is_whole=self._kept[source] < MAX_ROWS)
        by_answers = _agreed(self._answers, told, window=3 * RESOLUTION, margin=RESOLUTION)
        return by_answers or _agreed(self._announcements, told, window=ANNOUNCING, margin=ANNOUNCING)


def _answers(sighting: Sighting) -> dict[_Key, list[_Event]]:
    """Return what DHCP said, by address and device."""
    found: dict[_Key, list[_Event]] = {}
    for lease in sighting.leases:
        if lease.ip is None or lease.event == "named":
            continue
        for device in filter(None, (lease.mac, lease.duid)):
            events = found.setdefault((lease.ip, device), [])
            before = events[-1] if events else None
            if before is not None and before.time == lease.at.time:
                continue
            seconds, kind = lease.seconds or 0, _kind(lease.event == "granted", lease.renewed, before, lease.at.time)
            events.append(_Event(lease.at.time, kind, seconds))
    return found


def _kind(granted: bool, renewed: bool, before: _Event | None, now: int) -> Kind:
    if not granted:
        return "over"
    holds = before is not None and before.kind != "over" and now <= before.time + before.seconds * NANOSECONDS
    return "again" if renewed or holds else "begun"


def _announcements(sighting: Sighting) -> dict[_Key, list[_Event]]:
    found: dict[_Key, list[_Event]] = {}
    for binding in sighting.bindings:
        if binding.announced and not binding.shared:
            events = found.setdefault((binding.ip, binding.mac), [])
            events += [_Event(seen.time, "begun", 0) for seen in binding.announced]
    return found


def _told(rows: Mapping[Address, list[_Row]], *, is_whole: bool) -> dict[_Key, list[_Event]]:
    """Return what a source said, by address and device."""
    said = {ip: _said(row for row in written if not row.is_session) for ip, written in rows.items()}
    longest = max((each.lasts for of_one in said.values() for each in of_one), default=0)
    since = min((of_one[1].time for of_one in said.values() if len(of_one) > 1), default=None)
    found: dict[_Key, list[_Event]] = {}
    for ip, of_one in said.items():
        before: _Said | None = None
        for each in of_one:
            if before is None:
                begins = since is not None and each.time > since + longest > since
            else:
                begins = before.device != each.device or before.is_over
            kind: Kind = "over" if each.is_over else "begun" if begins and is_whole else "again"
            found.setdefault((ip, each.device), []).append(_Event(each.time, kind, each.lasts // NANOSECONDS))
            before = each
    for ip, written in rows.items():
        for device, event in _sessions(row for row in written if row.is_session):
            found.setdefault((ip, device), []).append(event)
    return found


def _sessions(rows: Iterable[_Row]) -> Iterator[tuple[str, _Event]]:
    """Yield the beginning of each session, and its end where it is told: a row begins where the one before it ends."""
    ends: dict[str, int] = {}
    begun: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row.start):
        if ends.get(row.device, -1) < row.start:
            if row.device in ends:
                yield row.device, _Event(ends[row.device], "over", 0)
            begun[row.device] = row.start
            yield row.device, _Event(row.start, "begun", 0)
        ends[row.device] = max(ends.get(row.device, 0), row.start + (row.lasts or 0))
    for device, end in ends.items():
        if end > begun[device]:
            yield device, _Event(end, "over", 0)


def _said(rows: Iterable[_Row]) -> list[_Said]:
    """Put together what is said of one address, in order of time.

    Two lines of one beginning, of which one ends sooner: the address was given back then.
    """
    lasting: dict[tuple[int, str], set[int | None]] = {}
    for row in rows:
        lasting.setdefault((row.start, row.device), set()).add(row.lasts)
    said: list[_Said] = []
    for (start, device), each in lasting.items():
        known = [lasts for lasts in each if lasts is not None]
        if each != {0}:
            said.append(_Said(start, False, device, max(known, default=0)))
        if each == {0} or len(each) > 1:
            said.append(_Said(start + min(known), True, device, 0))
    return sorted(said)


def _agreed(
    seen: Mapping[_Key, list[_Event]], told: Mapping[_Key, list[_Event]], *, window: int, margin: int
) -> Offset | None:
    """Return the offset on which most events agree, if it can be believed."""
    frames: list[_Event] = []
    rows: list[_Event] = []
    pairs: list[_Pair] = []
    periods: dict[int, int] = {}
    keys = sorted(seen.keys() & told.keys(), key=lambda key: (len(seen[key]) * len(told[key]), key[1], key[0].packed))
    for key in keys:
        if len(pairs) + len(seen[key]) * len(told[key]) > MAX_PAIRS:
            break
        period = _period(seen[key], told[key])
        first_row = len(rows)
        rows += told[key]
        for frame in seen[key]:
            periods[len(frames)] = period
            is_over = frame.kind == "over"
            pairs += [
                _Pair(frame.time - row.time, len(frames), number)
                for number, row in enumerate(told[key], first_row)
                if (row.kind == "over") == is_over
            ]
            frames.append(frame)
    peak = _peak(pairs, window)
    if peak is None or not peak.stands or _may_be_another(peak, periods):
        once = [p for p in pairs if frames[p.frame].kind == rows[p.row].kind != "again"]
        peak = _peak(once, window)
        if peak is None or not peak.stands:
            return None
    low, high = peak.pairs[0].offset, peak.pairs[-1].offset
    return _offset([pair for pair in pairs if low - margin <= pair.offset <= high + margin], margin)


def _peak(pairs: Sequence[_Pair], window: int) -> _Peak | None:
    """Find the offset on which most frames and most lines agree, and the best one beside it."""
    ordered = sorted(pairs)
    scores: list[tuple[int, int, int]] = []
    frames: Counter[int] = Counter()
    rows: Counter[int] = Counter()
    low = 0
    for high, pair in enumerate(ordered):
        frames[pair.frame] += 1
        rows[pair.row] += 1
        while pair.offset - ordered[low].offset > window:
            gone = ordered[low]
            for counter, number in ((frames, gone.frame), (rows, gone.row)):
                counter[number] -= 1
                if not counter[number]:
                    del counter[number]
            low += 1
        # One line may be near several frames, and one frame near several lines; each counts once.
        scores.append((min(len(frames), len(rows)), low, high))
    if not scores:
        return None
    score, low, high = max(scores, key=lambda s: (s[0], ordered[s[1]].offset - ordered[s[2]].offset, -s[1]))
    first, last = ordered[low].offset, ordered[high].offset
    beside = (s for s, low, high in scores if ordered[high].offset < first or ordered[low].offset > last)
    return _Peak(ordered[low : high + 1], score, max(beside, default=0))


def _period(seen: Sequence[_Event], told: Sequence[_Event]) -> int:
    """Return after which time a device renews its lease: by its length, or sooner if it did; 0 where nobody knows."""
    lasting = {event.seconds * NANOSECONDS // 2 for event in (*seen, *told) if event.seconds}
    between = {
        later.time - earlier.time
        for events in (seen, told)
        for earlier, later in pairwise(events)
        if earlier.kind != "over" and later.kind == "again"
    }
    # Some clients ask twice at once.
    return min(lasting | {pause for pause in between if pause >= MINUTE}, default=0)


def _may_be_another(peak: _Peak, periods: Mapping[int, int]) -> bool:
    """Whether leases that were renewed in between may make an offset look like this that is nothing, or a usual fault.

    Of all offsets that differ by whole periods, the least is the likeliest: clocks are more often right than wrong.
    """
    known = [periods[number] for number in {pair.frame for pair in peak.pairs} if periods[number]]
    if not known:
        return False
    period = median(known)
    offset = abs(median(pair.offset for pair in peak.pairs))
    return 2 * offset >= period or period - offset <= USUAL_FAULT


def _offset(pairs: Sequence[_Pair], margin: int) -> Offset:
    """Take of each frame the line that is nearest, and what lies in the middle of them."""
    middle = median(pair.offset for pair in pairs)
    nearest: dict[int, int] = {}
    for pair in pairs:
        known = nearest.get(pair.frame)
        if known is None or abs(pair.offset - middle) < abs(known - middle):
            nearest[pair.frame] = pair.offset
    offset = int(median(nearest.values()))
    spread = median(abs(each - offset) for each in nearest.values())
    matches = min(len(nearest), len({pair.row for pair in pairs}))
    return Offset("measured", offset, margin + int(_OF_NORMAL * spread), matches)
