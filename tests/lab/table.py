"""The accuracy table in Markdown: recall, false positives, infohashes and hosts, each with its exact bounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lab.interval import clopper_pearson
from tests.lab.join import CONTEXT, LEVELS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

BASE_RATES = (1e-2, 1e-3, 1e-4)
"""Shares of BitTorrent among flows at which precision is worked out."""
INFERRED_BAR = 0.95


@dataclass(slots=True)
class Hosts:
    """Inside hosts that took part in a swarm, or did not, and how many of them an audit accuses."""

    sharing: int = 0
    sharing_accused: int = 0
    others: int = 0
    others_accused: int = 0


@dataclass(slots=True)
class Measured:
    """All that is known of one half."""

    verdicts: list[Verdict] = field(default_factory=list)
    hosts: Hosts = field(default_factory=Hosts)
    captures: int = 0
    unexplained: int = 0

    @property
    def whole(self) -> list[Verdict]:
        """Of the captures as they were recorded."""
        return [verdict for verdict in self.verdicts if not verdict.changes]


def markdown(measured: Measured) -> str:
    """Return the tables of one half."""
    whole = measured.whole
    shown = [verdict for verdict in whole if verdict.label.bittorrent]
    positives = [verdict for verdict in shown if verdict.label.kind not in CONTEXT]
    negatives = [verdict for verdict in whole if not verdict.label.bittorrent]
    changed = [verdict for verdict in measured.verdicts if verdict.changes]
    sums = (
        f"{len(positives):,} of BitTorrent, {len(negatives):,} of other kinds, {measured.unexplained} without a label"
    )
    parts = [
        f"{measured.captures} captures. Flows with payload: {sums}.",
        "### Recall by kind and encryption", _recall(shown, lambda each: each.cell.name, bars=True),
        "### Recall by client", _recall(positives, lambda each: each.client),
        "### False positives by kind", _false(negatives),
        "### Precision", _precision(positives, negatives),
        "### Infohashes", _infohashes(positives),
        "### Hosts", _hosts(measured.hosts),
    ]  # fmt: skip
    if changed:
        kinds = [each for each in changed if each.label.bittorrent and each.label.kind not in CONTEXT]
        parts += ["### Recall after a change of the capture", _recall(kinds, _change)]
        wrong = [each for each in changed if not each.label.bittorrent]
        parts += ["### False positives after a change of the capture", _false(wrong, _change)]
    return "\n\n".join(part for part in parts if part)


def _change(verdict: Verdict) -> str:
    return f"{' + '.join(verdict.changes)}: {verdict.cell.name if verdict.label.bittorrent else 'other kinds'}"


def rate(hits: int, of: int) -> str:
    """Return a proportion and its 95 % bounds, as a reader wants them."""
    if not of:
        return "-"
    low, high = clopper_pearson(hits, of)
    return f"{hits / of:.3f} ({low:.3f} to {high:.3f})"


def _grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _groups(verdicts: Iterable[Verdict], key: Callable[[Verdict], str]) -> dict[str, list[Verdict]]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(key(verdict), []).append(verdict)
    return dict(sorted(groups.items()))


def _levels(verdicts: Sequence[Verdict]) -> list[int]:
    counts = Counter(verdict.confidence for verdict in verdicts)
    return [counts[level] for level in LEVELS]


def _recall(positives: Sequence[Verdict], key: Callable[[Verdict], str], *, bars: bool = False) -> str:
    rows = []
    for name, group in _groups(positives, key).items():
        levels = _levels(group)
        bar = [f"{group[0].cell.bar or '-'}"] if bars else []
        rows.append([name, len(group), *levels, rate(sum(levels), len(group)), *bar])
    head = ["flows", "n", *LEVELS, "recall (95 %)", *(["at least"] if bars else [])]
    return _grid(head, rows) if rows else "No such flow."


def _false(negatives: Sequence[Verdict], key: Callable[[Verdict], str] | None = None) -> str:
    def kind(verdict: Verdict) -> str:
        label = verdict.label
        return f"{label.kind} ({label.program}{', made by us' if label.synthetic else ''})"

    rows = [
        [name, len(group), *_levels(group), f"{clopper_pearson(sum(_levels(group)), len(group))[1]:.4f}"]
        for name, group in [*_groups(negatives, key or kind).items(), ("all", [] if key else list(negatives))]
        if group
    ]
    return _grid(["kind (program)", "n", *LEVELS, "rate below (95 %)"], rows) if rows else "No such flow."


def _precision(positives: Sequence[Verdict], negatives: Sequence[Verdict]) -> str:
    if not positives or not negatives:
        return "Needs flows of both sorts."
    rows = []
    for end, level in enumerate(LEVELS, 1):
        hits, errors = sum(_levels(positives)[:end]), sum(_levels(negatives)[:end])
        recall, worst = hits / len(positives), clopper_pearson(errors, len(negatives))[1]
        at_rates = [_at(base, recall, errors / len(negatives), worst) for base in BASE_RATES]
        rows.append([f"{level} or better", hits, errors, rate(hits, hits + errors), *at_rates])
    head = [
        "confidence",
        "right",
        "wrong",
        "precision here (95 %)",
        *(f"at 1 in {1 / base:.0f}" for base in BASE_RATES),
    ]
    return _grid(head, rows) + (
        "\n\nThe last columns give precision where BitTorrent is one flow in so many: with the rate of false positives "
        "that was seen, and with the highest that its bounds allow."
    )


def _at(base: float, recall: float, seen: float, worst: float) -> str:
    def precision(false: float) -> float:
        reported = base * recall + (1 - base) * false
        return base * recall / reported if reported else 0.0

    return f"{precision(seen):.3f}, {precision(worst):.3f}" if recall else "-"


def _infohashes(positives: Sequence[Verdict]) -> str:
    shown = [each for each in positives if each.shows_infohash]
    truth = [(each, set(each.label.infohashes)) for each in positives]
    right = sum(bool(each.read) and each.read <= set(each.label.infohashes) for each in shown)
    wrong = [each for each, names in truth if names and not each.read <= names]
    guessed = [(each, names) for each, names in truth if each.inferred and names]
    return _grid(
        ["infohashes", "n", "rate (95 %)", "at least"],
        [
            ["read, right: of the flows where the wire shows one", len(shown), rate(right, len(shown)), "0.99"],
            ["read, wrong: of all flows", len(truth), rate(len(wrong), len(truth)), "none may be"],
            ["inferred, the true one among them", len(guessed),
             rate(sum(bool(each.inferred & names) for each, names in guessed), len(guessed)),
             INFERRED_BAR],
        ],
    )  # fmt: skip


def _hosts(hosts: Hosts) -> str:
    return _grid(
        ["inside hosts", "n", "in an incident from `attempted`, `likely` upwards (95 %)"],
        [
            ["took part in a swarm", hosts.sharing, rate(hosts.sharing_accused, hosts.sharing)],
            ["took no part", hosts.others, rate(hosts.others_accused, hosts.others)],
        ],
    )
