"""Pages that stand on their own: one file, no outside parts, no scripts, charts drawn in."""

from typing import Any

import vl_convert
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render_page(package: str, template: str, **values: Any) -> str:
    """Give a page as text, from a package's template that extends ``page.html.jinja``.

    Every value is escaped; the page forbids itself scripts.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader(__name__, "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)


def share(part: int, whole: int) -> str:
    """A percentage that is 0 % or 100 % only when it is exactly that."""
    if not whole or part in (0, whole):
        return "100 %" if whole and part else "0 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"


def svg(spec: dict[str, Any], words: str) -> Markup:
    """A Vega-Lite chart as inline SVG, with words for those who do not see it."""
    drawn: str = vl_convert.vegalite_to_svg(
        {
            "background": None,
            # Room for a reader's font that is wider than the one the drawing was measured with.
            "padding": {"left": 28, "right": 40, "top": 5, "bottom": 5},
            "width": 520,
            "config": {
                "font": "system-ui, sans-serif",
                "axis": {"labelFontSize": 13, "titleFontSize": 13, "labelLimit": 220},
                "legend": {"labelFontSize": 13, "titleFontSize": 13},
                "view": {"stroke": None},
            },
            **spec,
        }
    )
    # The library escapes every text that it draws.
    return Markup('<div role="img" aria-label="{}">').format(words) + Markup(drawn + "</div>")  # noqa: S704
