"""Segments of sound: `Labels` on `Audio`. And of a time series: `TimeSeriesLabels`, `Labels` on `TimeSeries`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from tasks.labels.effort import MOMENT
from tasks.labels.family import NUMBER_MAX, Combined, Region, is_number, number_in
from tasks.labels.measures import overlap, stretches
from tasks.labels.measures.stretches import Stretch
from tasks.labels.moment import has_foreign_digits
from tasks.labels.order import in_order
from tasks.labels.regions import Regions

DIGITS = 6  # microseconds
SLACK_SECONDS = 0.05  # by which a segment may reach over the end: players disagree on how long a sound is
DURATION_MAX_SECONDS = 7 * 86_400.0
CHANNELS_MAX = 64
INSTANT_MAX_CHARACTERS = 100
EPOCHS = (-62_135_500_000.0, 253_402_000_000.0)  # seconds since 1970 that have a date: years 1 to 9999


@dataclass(frozen=True)
class Segments(Regions):
    """Canonical form of a region: start and end in seconds, channel (0 where there is one), labels."""

    result_type: str = "labels"
    value_key: str = "labels"
    consensus: ClassVar[tuple[str, ...]] = ("TimeVote", "RegionVote", "Medoid")

    def shape(self, region: Region) -> dict[str, Any]:
        """The segment. Raises AnswerInvalid for one that ends before it starts, or after the sound does, where that is known."""
        length = region.raw.get("original_length")
        if length is not None and (not is_number(length) or length <= 0):
            raise self.refuse(f"{region.where}.original_length", "A length is in seconds.", got=str(length)[:40])
        most = min(DURATION_MAX_SECONDS, float(length) + SLACK_SECONDS if length else DURATION_MAX_SECONDS)
        start, end = (round(self.number(region, name, least=0, most=most), DIGITS) for name in ("start", "end"))
        if start >= end:
            raise self.refuse(region.at("start"), "A segment starts before it ends.", limit=end, got=start)
        channel = region.value.get("channel") or 0
        if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < CHANNELS_MAX:
            raise self.refuse(region.at("channel"), "There is no such channel.", limit=CHANNELS_MAX - 1, got=str(channel)[:40])
        return {"start": start, "end": end, "channel": channel}

    def interval(self, region: Mapping[str, Any]) -> tuple[float, float]:
        """From when to when a region lasts."""
        return region["start"], region["end"]

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Temporal intersection over union (as for activities: Caba Heilbron et al. 2015); 0 across channels."""
        import numpy as np

        here, there = (np.array([one.get("channel") or 0 for one in regions], dtype=int) for regions in (a, b))
        table = overlap.interval_ious([self.interval(one) for one in a], [self.interval(one) for one in b])
        return np.where(here[:, None] == there[None, :], table, 0.0)

    def mean(self, regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The mean of both ends."""
        ends = {name: round(math.fsum(one[name] for one in regions) / len(regions), DIGITS) for name in ("start", "end")}
        return {**regions[0], **ends}

    def _stretches(self, regions: Sequence[Any]) -> list[Stretch]:
        return [
            Stretch(*self.interval(one), f"{one.get('channel', 0)} {label}")
            for one in regions
            for label in one.get("labels") or [""]
        ]

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides those of all regions: time, the F1 over every instant with its label (what 1 − a segment error rate is to speech)."""
        return {**super().measures(a, b), "time": stretches.length_f1(self._stretches(a), self._stretches(b))}

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """TimeVote: every instant gets the labels that more than half give it (`stretches.voted`). RegionVote, Medoid: as elsewhere."""
        if method != "TimeVote":
            return super().combine(answers, method)
        outcome = stretches.voted([self._stretches(answer) for answer in answers])
        return Combined(in_order(self._found(one) for one in outcome.stretches), outcome.confidence)

    def _found(self, one: Stretch) -> dict[str, Any]:
        channel, _, label = one.label.partition(" ")
        return {"start": one.start, "end": one.end, "channel": int(channel), "labels": [label] if label else []}

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The segment, as the editor writes it."""
        return {"value": {name: canonical[name] for name in ("start", "end", "channel") if name in canonical}}

    def brief(self, region: Mapping[str, Any]) -> str:
        """From when to when."""
        return f"{region['start']:g}-{region['end']:g}"


@dataclass(frozen=True)
class Series(Segments):
    """Canonical form of a region: start and end as numbers (of the time column; instants as seconds since 1970), labels, and `said`, the
    ends as they came, where they were written otherwise than the config's timeFormat says.
    """

    time_format: str = ""  # as strftime has it; empty where the time column holds numbers

    result_type: str = "timeserieslabels"
    value_key: str = "timeserieslabels"
    consensus: ClassVar[tuple[str, ...]] = ("RegionVote", "Medoid")  # a vote along the line would lose single instants

    def shape(self, region: Region) -> dict[str, Any]:
        """The stretch of the series, or one instant of it. Raises AnswerInvalid for ends that are no times, or the wrong way round."""
        said = [region.value.get(name) for name in ("start", "end")]
        start, end = (self._instant(region, name) for name in ("start", "end"))
        if start > end:
            raise self.refuse(region.at("start"), "A stretch starts before it ends.", limit=said[1], got=said[0])
        shape: dict[str, Any] = {"start": start, "end": end}
        return shape | ({"said": said} if said != [self._written(start), self._written(end)] else {})

    def _instant(self, region: Region, name: str) -> float:
        value = region.value.get(name)
        if not isinstance(value, str):
            least, most = EPOCHS if self.time_format else (-NUMBER_MAX, NUMBER_MAX)
            return self.number(region, name, least=least, most=most)
        self.spend(region, MOMENT, region.at(name))
        if len(value) > INSTANT_MAX_CHARACTERS or has_foreign_digits(value):
            message = "This is no time of the series: at most 100 characters, in digits 0 to 9."
            raise self.refuse(region.at(name), message, limit=INSTANT_MAX_CHARACTERS, got=value[:60])
        try:  # a zone, where the text has one, is kept
            at = datetime.strptime(value, self.time_format) if self.time_format else datetime.fromisoformat(value)  # noqa: DTZ007
        except ValueError as error:
            plain = None if self.time_format else number_in(value)
            if plain is None or not is_number(plain):
                message = "This is no time of the series."
                raise self.refuse(region.at(name), message, known=[self.time_format], got=value[:60]) from error
            return plain
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()

    def mean(self, regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The mean of both ends; in whole seconds where the series is written in them."""
        mean = super().mean(regions)
        if self.interval(mean) == self.interval(regions[0]):
            return mean
        mean.pop("said", None)
        whole = bool(self.time_format) and "%f" not in self.time_format
        return mean | ({name: float(round(mean[name])) for name in ("start", "end")} if whole else {})

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The stretch, as the editor writes it."""
        ends = canonical.get("said") or [self._written(canonical[name]) for name in ("start", "end")]
        return {"value": {"start": ends[0], "end": ends[1], "instant": canonical["start"] == canonical["end"]}}

    def _written(self, at: float) -> float | str:
        return datetime.fromtimestamp(at, UTC).strftime(self.time_format) if self.time_format else at
