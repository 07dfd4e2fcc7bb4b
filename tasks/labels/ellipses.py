"""Ellipses on an image: `EllipseLabels`, `Ellipse`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.boxes import DIGITS, PERCENT, Drawn
from tasks.labels.family import Region
from tasks.labels.measures import overlap

CORNERS = 64  # of the polygon an ellipse is compared as: its area is 0.2 % less


@dataclass(frozen=True)
class Ellipses(Drawn):
    """Canonical form of a region: middle x and y, radiusX, radiusY, labels; turned ones have rotation, and size where it is known."""

    result_type: str = "ellipselabels"
    value_key: str = "ellipselabels"

    def shape(self, region: Region) -> dict[str, Any]:
        """The ellipse, its middle on the image. Raises AnswerInvalid."""
        one: dict[str, Any] = {"x": self.percent(region, "x"), "y": self.percent(region, "y")}
        for name in ("radiusX", "radiusY"):
            one[name] = round(self.number(region, name, least=0, most=PERCENT), DIGITS)
            if one[name] <= 0:
                raise self.refuse(region.at(name), "An ellipse has two radii.", got=one[name])
        turned = self.rotation(region)
        return one | ({"rotation": turned, **self.size(region)} if turned else {})

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union of the ellipses as polygons of CORNERS corners."""
        return overlap.shape_ious([outline(one) for one in a], [outline(one) for one in b])

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The ellipse, as the editor writes it."""
        value = {name: canonical[name] for name in ("x", "y", "radiusX", "radiusY")} | {"rotation": canonical.get("rotation", 0)}
        return {**self.on_image(canonical), "value": value}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Middle and radii."""
        return ",".join(f"{region[name]:g}" for name in ("x", "y", "radiusX", "radiusY"))


def outline(one: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The ellipse as a polygon, in percent; turned in pixels about its middle."""
    wide, high = one.get("size", (1, 1))
    turn = math.radians(one.get("rotation", 0.0))
    across, down = one["radiusX"] * wide, one["radiusY"] * high
    points = []
    for n in range(CORNERS):
        angle = 2 * math.pi * n / CORNERS
        x, y = across * math.cos(angle), down * math.sin(angle)
        points.append(
            (
                one["x"] + (x * math.cos(turn) - y * math.sin(turn)) / wide,
                one["y"] + (x * math.sin(turn) + y * math.cos(turn)) / high,
            )
        )
    return points
