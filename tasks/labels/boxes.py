"""Boxes on an image: `RectangleLabels`, `Rectangle`. Coordinates are percent of the image's width and height, from its upper left corner."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.family import Region
from tasks.labels.measures import overlap
from tasks.labels.regions import Regions

DIGITS = 6  # of a percentage that are kept: a millionth of a percent is less than a pixel of any image
SLACK = 1e-6  # by which a region may reach over the edge: the editor's arithmetic does
SIDE_MAX_PIXELS = 100_000
PERCENT = 100.0


@dataclass(frozen=True)
class Drawn(Regions):
    """What regions drawn on an image share."""

    def percent(self, region: Region, name: str) -> float:
        """A coordinate on the image. Raises AnswerInvalid for one beyond its edges."""
        return round(min(PERCENT, max(0.0, self.number(region, name, least=-SLACK, most=PERCENT + SLACK))), DIGITS)

    def rotation(self, region: Region) -> float:
        """Degrees clockwise, 0 to 360."""
        return (
            round(self.number(region, "rotation", least=-3600, most=3600) % 360, DIGITS) % 360
            if "rotation" in region.value
            else 0.0
        )

    def size(self, region: Region) -> dict[str, list[int]]:
        """Width and height of the image in pixels, where the editor says so: shapes turned in pixels need them."""
        sides = [region.raw.get("original_width"), region.raw.get("original_height")]
        for side in sides:
            if side is not None and (isinstance(side, bool) or not isinstance(side, int) or not 0 < side <= SIDE_MAX_PIXELS):
                where = f"{region.where}.original_width"
                raise self.refuse(where, "An image's size is in whole pixels.", limit=SIDE_MAX_PIXELS, got=str(side)[:40])
        return {"size": [int(side) for side in sides if side is not None]} if None not in sides else {}

    def on_image(self, canonical: Mapping[str, Any]) -> dict[str, Any]:
        """The image's size as the editor writes it beside a value."""
        if "size" not in canonical:
            return {}
        return {"original_width": canonical["size"][0], "original_height": canonical["size"][1], "image_rotation": 0}


@dataclass(frozen=True)
class Boxes(Drawn):
    """Canonical form of a region: x, y, width, height, labels; turned ones have rotation, and size where it is known."""

    result_type: str = "rectanglelabels"
    value_key: str = "rectanglelabels"

    def shape(self, region: Region) -> dict[str, Any]:
        """The box. Raises AnswerInvalid for one that has no area or reaches over the image's edge; a turned one has its middle on it."""
        turned = self.rotation(region)
        x, y = self.percent(region, "x"), self.percent(region, "y")
        width, height = (self.number(region, name, least=0, most=PERCENT + SLACK) for name in ("width", "height"))
        if width <= 0 or height <= 0:
            raise self.refuse(region.at("width"), "A box has a width and a height.", got=[width, height])
        if not turned:
            for start, name, length in ((x, "width", width), (y, "height", height)):
                if start + length > PERCENT + SLACK:
                    raise self.refuse(
                        region.at(name), "The box reaches over the image's edge.", limit=PERCENT, got=start + length
                    )
            width, height = min(width, PERCENT - x), min(height, PERCENT - y)
        box: dict[str, Any] = {"x": x, "y": y, "width": round(width, DIGITS), "height": round(height, DIGITS)}
        if turned:
            box |= {"rotation": turned, **self.size(region)}
            middle = [sum(corner[axis] for corner in corners(box)) / 4 for axis in (0, 1)]
            if not all(-SLACK <= at <= PERCENT + SLACK for at in middle):
                raise self.refuse(region.at("rotation"), "The turned box lies beside the image.", limit=PERCENT, got=middle)
        return box

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union (Jaccard 1901); of turned boxes by shapely, in pixels where the image's size is known."""
        import numpy as np

        table = overlap.box_ious(*([[box["x"], box["y"], box["width"], box["height"]] for box in boxes] for boxes in (a, b)))
        here, there = ([n for n, box in enumerate(boxes) if "rotation" in box] for boxes in (a, b))
        straight = [n for n, box in enumerate(a) if "rotation" not in box]
        if here:
            table[here] = overlap.shape_ious([corners(a[i]) for i in here], [corners(box) for box in b])
        if there and straight:
            table[np.ix_(straight, there)] = overlap.shape_ious([corners(a[i]) for i in straight], [corners(b[j]) for j in there])
        return table

    def mean(self, regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The mean of each coordinate; of turned boxes the one that overlaps the others most."""
        if any("rotation" in one for one in regions):
            return super().mean(regions)
        names = ("x", "y", "width", "height")
        mean = {name: round(math.fsum(one[name] for one in regions) / len(regions), DIGITS) for name in names}
        return {**regions[0], **mean}

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The box, as the editor writes it."""
        value = {name: canonical[name] for name in ("x", "y", "width", "height")} | {"rotation": canonical.get("rotation", 0)}
        return {**self.on_image(canonical), "value": value}

    def brief(self, region: Mapping[str, Any]) -> str:
        """x, y, width, height."""
        return ",".join(f"{region[name]:g}" for name in ("x", "y", "width", "height"))


def corners(box: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The four corners in percent, of a box turned about its upper left one by degrees clockwise, as the editor turns it: in pixels."""
    wide, high = box.get("size", (1, 1))
    turn = math.radians(box.get("rotation", 0.0))
    width, height = box["width"] * wide, box["height"] * high
    across, down = (width * math.cos(turn), width * math.sin(turn)), (-height * math.sin(turn), height * math.cos(turn))
    offsets = [(0.0, 0.0), across, (across[0] + down[0], across[1] + down[1]), down]
    return [(box["x"] + dx / wide, box["y"] + dy / high) for dx, dy in offsets]
