"""How the dashboards' panels look: each kind in one function, so that a dashboard says only what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.models.dashboard import Panel

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
HERE = 'instance=~"$instance"'
"""Of the sensors that are chosen at the top."""
GOOD, WARNING, BAD, PLAIN = "green", "orange", "red", "blue"
NONE_IS_GOOD = ((None, GOOD), (1, BAD))
SOME_IS_SAID = ((None, GOOD), (1, WARNING))
ONE_IS_GOOD = ((None, BAD), (1, GOOD))
_WIDTH = 24


def board(uid: str, title: str, words: str, period: str) -> Dashboard:
    """Begin a dashboard: which data source, which sensors, what time."""
    return (
        Dashboard(title)
        .uid(uid)
        .description(words)
        .tags(["auditor"])
        .readonly()
        .refresh("30s")
        .time(period, "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(
            QueryVariable("instance")
            .label("Sensor")
            .datasource(SOURCE)
            .query("label_values(auditor_build_info, instance)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".*")
        )
    )


def number(
    title: str,
    words: str,
    expression: str,
    *,
    steps: Sequence[tuple[float | None, str]] = ((None, PLAIN),),
    unit: str = "short",
    legend: str = "",
) -> Builder[Panel]:
    """Show one figure as it is now; with a legend, the text of a label."""
    panel = (
        stat.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .unit(unit)
        .thresholds(_thresholds(steps))
        .color_mode(BigValueColorMode.BACKGROUND_SOLID if len(steps) > 1 else BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .no_value("-")
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_query(expression, legend).instant())
    )
    if legend:
        panel = panel.text_mode(BigValueTextMode.NAME)
    return panel.height(4).span(_WIDTH // 8)


def lines(
    title: str,
    words: str,
    queries: Mapping[str, str],
    *,
    unit: str = "short",
    limit: float | None = None,
    is_stacked: bool = False,
    width: int = 8,
) -> Builder[Panel]:
    """Show figures over time; ``queries`` by their legends, ``limit`` where an alert begins."""
    steps: list[tuple[float | None, str]] = [(None, "transparent")]
    if limit is not None:
        steps.append((limit, BAD))
    panel = (
        timeseries.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .thresholds(_thresholds(steps))
        .draw_style(GraphDrawStyle.BARS if is_stacked else GraphDrawStyle.LINE)
        .fill_opacity(60 if is_stacked else 8)
        .line_width(1)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if is_stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if limit is not None:
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE))
    for number_of_query, (legend, expression) in enumerate(queries.items()):
        panel = panel.with_target(_query(expression, legend).ref_id(chr(ord("A") + number_of_query)))
    return panel.height(8).span(width)


def rows(title: str, words: str, expression: str, columns: Mapping[str, str]) -> Builder[Panel]:
    """Show the labels of all samples as they are now; ``columns`` in their order, with what each is called."""
    hidden = {name: True for name in ("Time", "Value", "__name__", "job", "alertstate") if name not in columns}
    arrange = {
        "excludeByName": hidden,
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": dict(columns),
    }
    return (
        table.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .no_value("none")
        .filterable(True)
        .with_transformation(DataTransformerConfig(id_val="organize", options=arrange))
        .with_target(_query(expression, "").instant().format(PromQueryFormat.TABLE))
        .height(8)
        .span(_WIDTH // 2)
    )


def delays(title: str, words: str, expression: str) -> Builder[Panel]:
    """Show a histogram over time, with its exemplars as points."""
    return (
        heatmap.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .with_target(_query(expression, "{{le}}").format(PromQueryFormat.HEATMAP).exemplar(True))
        .height(8)
        .span(8)
    )


def _query(expression: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend).ref_id("A")


def _thresholds(steps: Sequence[tuple[float | None, str]]) -> ThresholdsConfig:
    thresholds = [Threshold(value=value, color=color) for value, color in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(thresholds)
