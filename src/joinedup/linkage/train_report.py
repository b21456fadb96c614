"""The report on a training: what was learnt, as one HTML page without outside parts."""

from typing import Any

from markupsafe import Markup

from joinedup.linkage.model import Model
from joinedup.linkage.settings import splink_settings
from joinedup.page import render_page, svg


def report(model: Model, start: Model) -> str:
    """Give the page on a model just trained from ``start``: Splink's charts, and every level."""
    settings: Any = splink_settings(model, "duckdb").get_settings("duckdb")
    begun = {each.name: each for each in start.comparisons}
    return render_page(
        "joinedup.linkage",
        "train_report.html.jinja",
        model=model,
        weights=_drawn(settings.match_weights_chart(), "Match weight of every level against a "
                       "stranger; the table below has the figures"),
        probabilities=_drawn(settings.m_u_parameters_chart(), "Probability of every level among "
                             "matches and among strangers; the table below has the figures"),
        begun=begun,
    )  # fmt: skip


def _drawn(chart: Any, words: str) -> Markup:
    """Draw Splink's own chart, without what only a browser could do."""
    return svg(chart.chart_dict, words)
