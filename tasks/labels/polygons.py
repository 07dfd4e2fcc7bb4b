"""Polygons on an image: `PolygonLabels`, `Polygon`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.boxes import DIGITS, PERCENT, SLACK, Drawn
from tasks.labels.effort import NUMBER
from tasks.labels.family import Region, is_number
from tasks.labels.measures import overlap

CORNERS_MIN = 3
CORNERS_MAX = 2_000
CORNER = 2 * NUMBER  # steps: of one corner


@dataclass(frozen=True)
class Polygons(Drawn):
    """Canonical form of a region: its corners clockwise from the least one, labels: where drawing began does not matter."""

    result_type: str = "polygonlabels"
    value_key: str = "polygonlabels"

    def shape(self, region: Region) -> dict[str, Any]:
        """The polygon. Raises AnswerInvalid for too few or too many corners, one beyond the image, an open line, or one without area."""
        points, where = region.value.get("points"), region.at("points")
        if not isinstance(points, list) or not CORNERS_MIN <= len(points) <= CORNERS_MAX:
            got = len(points) if isinstance(points, list) else 0
            message = "A polygon has %(least)s to %(most)s corners."
            limits = {"limit": [CORNERS_MIN, CORNERS_MAX], "least": CORNERS_MIN, "most": CORNERS_MAX}
            raise self.refuse(where, message, **limits, got=got)
        if region.value.get("closed") is False:
            raise self.refuse(region.at("closed"), "Close the polygon: join its last corner to its first.")
        self.spend(region, CORNER * len(points), where)
        corners = [self._corner(point, f"{where}[{index}]") for index, point in enumerate(points)]
        corners = [one for n, one in enumerate(corners) if one != corners[n - 1]]
        twice_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, [*corners[1:], *corners[:1]], strict=True))
        if len({(x, y) for x, y in corners}) < CORNERS_MIN or not _has_area(corners, twice_area):
            raise self.refuse(where, "The polygon encloses nothing.", limit=CORNERS_MIN)
        if twice_area < 0:
            corners.reverse()
        first = corners.index(min(corners))
        return {"points": corners[first:] + corners[:first]}

    def _corner(self, point: Any, where: str) -> list[float]:
        ok = isinstance(point, list) and len(point) == 2
        if not ok or not all(is_number(at) for at in point):
            raise self.refuse(where, "A corner is two numbers.")
        if not all(-SLACK <= at <= PERCENT + SLACK for at in point):
            raise self.refuse(where, "A corner lies beyond the image.", limit=[0, PERCENT], got=point)
        return [round(min(PERCENT, max(0.0, float(at))), DIGITS) for at in point]

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union by shapely; one that crosses itself is mended first (`overlap.shape_ious`)."""
        return overlap.shape_ious([one["points"] for one in a], [one["points"] for one in b])

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The corners, as the editor writes them."""
        return {"value": {"points": [list(point) for point in canonical["points"]], "closed": True}}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Its corners."""
        return " ".join(f"{x:g},{y:g}" for x, y in region["points"])


def _has_area(corners: list[list[float]], twice_area: float) -> bool:
    """Not all on one line. One that crosses itself may have a signed area of nothing, and still enclose something."""
    if abs(twice_area) > SLACK:
        return True
    (ax, ay), (bx, by) = corners[0], next((one for one in corners if one != corners[0]), corners[0])
    return any(abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) > SLACK for x, y in corners)
