"""Stretches of a video's frames: `TimelineLabels`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.labels.effort import NUMBER
from tasks.labels.family import Combined, Region
from tasks.labels.measures import overlap, runs, stretches
from tasks.labels.measures.stretches import Stretch
from tasks.labels.order import in_order
from tasks.labels.regions import Regions

FRAMES_MAX = 10_000_000  # a day and a half at 60 a second
RANGES_MAX = 200  # of one region
RANGE = 4 * NUMBER  # steps: of one range


@dataclass(frozen=True)
class Timeline(Regions):
    """Canonical form of a region: its ranges, each first and last frame (both included), in order; labels."""

    result_type: str = "timelinelabels"
    value_key: str = "timelinelabels"
    consensus = ("TimeVote", "RegionVote", "Medoid")

    def shape(self, region: Region) -> dict[str, Any]:
        """The ranges. Raises AnswerInvalid for none, too many, frames that are no whole numbers, or ranges that end before they start."""
        ranges, where = region.value.get("ranges"), region.at("ranges")
        if not isinstance(ranges, list) or not 1 <= len(ranges) <= RANGES_MAX:
            raise self.refuse(where, "Mark at least one range of frames.", limit=RANGES_MAX)
        self.spend(region, RANGE * len(ranges), where)
        return {"ranges": sorted(self._range(region, one, f"{where}[{index}]") for index, one in enumerate(ranges))}

    def _range(self, region: Region, one: Any, where: str) -> list[int]:
        if not isinstance(one, dict):
            raise self.refuse(where, "A range is an object of start and end.")
        ends = [
            self.number(region, name, least=0, most=FRAMES_MAX, source=one, place=f"{where}.{name}") for name in ("start", "end")
        ]
        start, end = (int(at) for at in ends)
        if [start, end] != ends:
            raise self.refuse(where, "Frames are whole numbers.", got=ends)
        if start > end:
            raise self.refuse(f"{where}.start", "A range starts before it ends.", limit=end, got=start)
        return [start, end]

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Temporal intersection over union, in frames (Caba Heilbron et al. 2015), of all ranges of a region."""
        here, there = ([runs.union([[(s, e + 1 - s)] for s, e in one["ranges"]]) for one in regions] for regions in (a, b))
        return overlap.each_with_each(here, there, runs.iou, pieces=len)

    def _stretches(self, regions: Sequence[Any]) -> list[Stretch]:
        return [Stretch(s, e + 1, label) for one in regions for s, e in one["ranges"] for label in one.get("labels") or [""]]

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides those of all regions: time, the F1 over every frame with its label."""
        return {**super().measures(a, b), "time": stretches.length_f1(self._stretches(a), self._stretches(b))}

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """TimeVote: every frame gets the labels that more than half give it (`stretches.voted`). RegionVote, Medoid: as elsewhere."""
        if method != "TimeVote":
            return super().combine(answers, method)
        outcome = stretches.voted([self._stretches(answer) for answer in answers])
        found = [
            {"ranges": [[int(start), int(end) - 1]], "labels": [label] if label else []}
            for start, end, label in outcome.stretches
        ]
        return Combined(in_order(found), outcome.confidence)

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The ranges, as the editor writes them."""
        return {"value": {"ranges": [{"start": start, "end": end} for start, end in canonical["ranges"]]}}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Its ranges."""
        return ",".join(f"{start}-{end}" for start, end in region["ranges"])
