"""Painted masks: `BrushLabels`, `Brush`, in Label Studio's packed format. They are read, compared and combined as runs of pixels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.labels.boxes import Drawn
from tasks.labels.family import Combined, Region
from tasks.labels.measures import overlap, runs
from tasks.labels.order import in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKED_MAX_BYTES = 500_000  # of one region
LABELLED_RUNS = 50  # runs times labels that take one step (`effort`) to compare


@dataclass(frozen=True)
class Mask(Drawn):
    """Canonical form of a region: size (width, height in pixels), runs (start, length of painted pixels, row after row), labels."""

    result_type: str = "brushlabels"
    value_key: str = "brushlabels"
    consensus = ("PixelVote", "RegionVote", "Medoid")

    def shape(self, region: Region) -> dict[str, Any]:
        """The painted pixels. Raises AnswerInvalid for another format, a broken or oversized mask, or one in which nothing is painted."""
        size, data = self.size(region), region.value.get("rle")
        if region.value.get("format", "rle") != "rle" or not isinstance(data, list):
            raise self.refuse(region.at("rle"), "A mask is packed as Label Studio's rle: a list of bytes.")
        if len(data) > PACKED_MAX_BYTES:
            raise self.refuse(region.at("rle"), "The mask is too large.", limit=PACKED_MAX_BYTES, got=len(data))
        if not size:
            raise self.refuse(
                f"{region.where}.original_width", "A mask needs the image's size: original_width and original_height."
            )

        def spend(steps: int) -> None:
            self.spend(region, steps, region.at("rle"))

        try:
            painted = runs.unpacked(data, width=size["size"][0], height=size["size"][1], spend=spend)
        except runs.Unreadable as error:
            raise self.refuse(region.at("rle"), error.template, **error.details) from error
        if not painted:
            raise self.refuse(region.at("rle"), "Nothing is painted here.")
        return {**size, "runs": [list(run) for run in painted]}

    def canonical(self, region: Region) -> dict[str, Any]:
        """One region. What is painted counts once for each of its labels, since the pixels of a label are compared. Raises AnswerInvalid."""
        found = super().canonical(region)
        self.spend(region, len(found["runs"]) * len(found.get("labels", ())) // LABELLED_RUNS, region.at("rle"))
        return found

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Intersection over union of the pixels, run by run; 0 for masks of different sizes."""
        return overlap.each_with_each(
            a,
            b,
            lambda one, other: runs.iou(one["runs"], other["runs"]) * (one["size"] == other["size"]),
            pieces=lambda one: len(one["runs"]),
        )

    def distance(self, a: Any, b: Any) -> float:
        """1 − the mean, over the labels that either paints, of intersection over union of all its pixels (mean IoU: Everingham et al. 2010).

        Into how many regions the pixels of a label are divided does not matter.
        """
        left, right = _by_label(a), _by_label(b)
        labels = sorted(set(left) | set(right))
        if not labels:
            return 0.0
        alike = [runs.iou(left[one], right[one]) if one in left and one in right else 0.0 for one in labels]
        return 1.0 - math.fsum(alike) / len(alike)

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Mean IoU by label; pixels of any label; and those of all regions, for masks that stand for single things."""
        left, right = ([one["runs"] for one in answer] for answer in (a, b))
        found = super().measures(a, b)
        return {
            "match": 1.0 - self.distance(a, b),
            "pixels": runs.iou(runs.union(left), runs.union(right)),
            "regions": found["match"],
            "found": found["found"],
        }

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """PixelVote: of each label, the pixels that more than half of the answers give it; its confidence is the mean over the labels of
        the outcome's mean IoU with the answers. RegionVote, for masks that stand for single things, and Medoid: as elsewhere.
        """
        if method != "PixelVote":
            return super().combine(answers, method)
        sizes = [one["size"] for answer in in_order(answers) for one in answer]
        if not sizes:
            return Combined([], 1.0)
        size = max(sizes, key=sizes.count)
        by_label = [_by_label([one for one in answer if one["size"] == size]) for answer in answers]
        kept, sure = [], []
        for label in sorted({label for one in by_label for label in one}):
            masks = [runs.as_runs(one[label]) if label in one else [] for one in by_label]
            painted = runs.voted(masks, more_than=len(answers) / 2)
            sure.append(math.fsum(runs.iou(mask, painted) for mask in masks) / len(masks))
            if painted:
                kept.append({"size": size, "runs": [list(run) for run in painted]} | ({"labels": [label]} if label else {}))
        return Combined(in_order(kept), math.fsum(sure) / len(sure))

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The mask, packed again."""
        width, height = canonical["size"]
        packed = runs.packed(canonical["runs"], width=width, height=height)
        return {**self.on_image(canonical), "value": {"format": "rle", "rle": packed}}

    def brief(self, region: Mapping[str, Any]) -> str:
        """How many pixels."""
        return f"{runs.area(region['runs'])} px"


def _by_label(regions: Sequence[Mapping[str, Any]]) -> dict[str, "NDArray[Any]"]:
    """Label → all its pixels, as an array of runs. What has no label stands under ""."""
    painted = [runs.as_array(region["runs"]) for region in regions]
    places: dict[str, list[int]] = {}
    for n, region in enumerate(regions):
        for label in region.get("labels") or [""]:
            places.setdefault(label, []).append(n)
    return {label: runs.united([painted[n] for n in at]) for label, at in places.items()}
