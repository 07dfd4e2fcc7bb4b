"""Points on an image: `KeyPointLabels`, `KeyPoint`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.boxes import DIGITS, Drawn
from tasks.labels.family import Region
from tasks.labels.measures import overlap

POINT_WIDTH = 0.75  # percent, as the editor draws points
SPREAD = 2.5  # percent of the image by which careful people differ: at that distance the similarity is 0.61


@dataclass(frozen=True)
class KeyPoints(Drawn):
    """Canonical form of a region: x, y, labels. How large the editor draws the point does not matter."""

    result_type: str = "keypointlabels"
    value_key: str = "keypointlabels"

    def shape(self, region: Region) -> dict[str, Any]:
        """The point. Raises AnswerInvalid for one beyond the image."""
        return {"x": self.percent(region, "x"), "y": self.percent(region, "y")}

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Object keypoint similarity, exp(−d² / 2 SPREAD²) (COCO: Lin et al. 2014), with the image as the object, in percent of its sides."""
        import numpy as np

        here, there = ([(one["x"], one["y"]) for one in regions] for regions in (a, b))
        return overlap.in_rows(here, there, lambda a, b: np.exp(-((a[:, None] - b) ** 2).sum(axis=-1) / (2 * SPREAD**2)))

    def mean(self, regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The mean of both coordinates."""
        middle = {name: round(math.fsum(one[name] for one in regions) / len(regions), DIGITS) for name in ("x", "y")}
        return {**regions[0], **middle}

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The point, as the editor writes it."""
        return {"value": {"x": canonical["x"], "y": canonical["y"], "width": POINT_WIDTH}}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Its coordinates."""
        return f"{region['x']:g},{region['y']:g}"
