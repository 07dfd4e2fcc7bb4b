"""Small charts, drawn by the server as SVG: no script, no style attribute. The number itself stands beside each in words."""

from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("foundation/bar.html")
def bar(value: float, most: float) -> dict[str, Any]:
    """A bar as long as `value` is of `most`, for a cell of a table whose other cells say the number."""
    return {"length": round(100 * min(value / most, 1), 2) if most > 0 else 0}


@register.inclusion_tag("foundation/span.html")
def span(lower: float, middle: float, upper: float, title: str, bar: float | None = None) -> dict[str, Any]:
    """From where to where between 0 and 1 something lies, and its best guess; `bar` is what it is held against. `title` says it all."""
    shares = {"lower": lower, "middle": middle, "upper": upper, "bar": bar}
    places = {name: None if share is None else round(200 * min(max(share, 0), 1), 1) for name, share in shares.items()}
    return {"title": title, "width": round((places["upper"] or 0) - (places["lower"] or 0), 1), **places}
