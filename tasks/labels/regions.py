"""What all families of regions share: labels, matching one person's regions with another's, and a vote on which are there."""

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.labels.family import LISTED_MAX, Combined, Control, Region, is_number
from tasks.labels.measures import overlap
from tasks.labels.order import in_order, key_of

SAME_REGION = 0.5  # regions that overlap this much are meant to be the same thing (Everingham et al. 2010)


@dataclass(frozen=True)
class Regions(Control):
    """Canonical form: a list of regions in one order, each an object with what the family says of its place, and its labels, sorted."""

    labels: frozenset[str] = frozenset()  # what the config offers
    variable: str = ""  # of the payload, that offers labels, or more of them
    several: bool = False  # may one region have several labels?
    may_be_bare: bool = False  # may it have none?

    has_regions = True
    consensus: ClassVar[tuple[str, ...]] = ("RegionVote", "Medoid")
    cells: ClassVar[tuple[str, ...]] = ("count", "regions")

    @property
    def is_labelled(self) -> bool:
        """Do its regions carry labels themselves?"""
        return bool(self.value_key) and (bool(self.labels) or bool(self.variable))

    @abstractmethod
    def shape(self, region: Region) -> dict[str, Any]:
        """Where a region is, in canonical form. Raises AnswerInvalid."""

    @abstractmethod
    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """How far each region here covers the same as each there, 0 to 1, labels aside."""

    def mean(self, regions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One place for regions that are meant to be the same: the one that overlaps the others most."""
        table = self.overlaps(regions, regions)
        best = max(range(len(regions)), key=lambda n: (math.fsum(table[n]), -n))
        return dict(regions[best])

    def canonical(self, region: Region) -> dict[str, Any]:
        """One region. Raises AnswerInvalid."""
        shape = self.shape(region)
        if self.is_labelled:
            shape["labels"] = self.labels_given(region)
        return shape

    def labels_given(self, region: Region) -> list[str]:
        """The region's labels, sorted. Raises AnswerInvalid for none, too many, or ones that are not offered."""
        value, where = self.value_of(region)
        if value is None and self.may_be_bare:
            return []
        if not isinstance(value, list) or not value and not self.may_be_bare:
            raise self.refuse(where, "Give the region a label.", got=0)
        known = self._known(region)
        if len(value) > len(known):
            raise self.refuse(where, "Give the region each label once at most.", limit=len(known), got=len(value))
        for label in value:
            if not isinstance(label, str) or label not in known:
                raise self.refuse(where, "That is not one of the labels.", known=sorted(known)[:LISTED_MAX], got=str(label)[:100])
        if len(value) > 1 and not self.several:
            raise self.refuse(where, "Give the region one label only.", limit=1, got=len(value))
        if len(set(value)) != len(value):
            raise self.refuse(where, "A label is given twice.")
        return sorted(value)

    def _known(self, region: Region) -> frozenset[str]:
        """The labels that the config and the payload offer."""
        if not self.variable:
            return self.labels
        found: frozenset[str] = region.effort.once(
            ("labels", self.name), lambda: self.labels | {path[-1] for path in region.offered(self.variable)}
        )
        return found

    # ---- comparing ----

    def alike(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """How alike each region here is to each there: overlap times the Jaccard index of the labels."""
        here, there = ([one.get("labels", ()) for one in regions] for regions in (a, b))
        return self.overlaps(a, b) * overlap.set_jaccards(here, there)

    def pairs(self, a: Sequence[Any], b: Sequence[Any]) -> list[overlap.Pair]:
        """Which regions here and there belong together, and how alike they are."""
        if not a or not b:
            return []
        if key_of(a) > key_of(b):  # ties between equally good matchings must not depend on who comes first
            return [(j, i, value) for i, j, value in overlap.matched(self.alike(b, a))]
        return overlap.matched(self.alike(a, b))

    def distance(self, a: Any, b: Any) -> float:
        """1 − the soft F1 of the best matching (`overlap.soft_f1`): labels and places both count; nothing marked by either is agreement."""
        return 0.0 if a == b else 1.0 - overlap.soft_f1(self.pairs(a, b), len(a), len(b))

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides `match`: `place`, as if labels did not matter; `found`, the F1 of regions that overlap by half and have the label."""
        pairs, count = self.pairs(a, b), (len(a), len(b))
        bare = [{**region, "labels": []} for region in a], [{**region, "labels": []} for region in b]
        return {
            "match": overlap.soft_f1(pairs, *count),
            "place": overlap.soft_f1(self.pairs(*bare), *count),
            "found": overlap.f1_at(pairs, *count, at_least=SAME_REGION),
        }

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """Every label that a region has."""
        return frozenset(label for region in canonical for label in region.get("labels", ()))

    # ---- combining ----

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """RegionVote: regions of different answers that overlap by half are one thing; a thing that more than half of the answers mark
        is there, where its regions lie on average, with the labels most of them give. Its confidence is the mean, over all things
        anybody marked, of the share that is with the outcome, overlap with the average counted in.
        """
        return self.region_vote(answers) if method == "RegionVote" else super().combine(answers, method)

    def region_vote(self, answers: Sequence[Any]) -> Combined:
        """See combine."""
        count = len(answers)
        kept: list[dict[str, Any]] = []
        sure: list[float] = []
        for members in self._things(in_order(answers)):
            share = len(members) / count
            if 2 * len(members) <= count:
                sure.append(1.0 - share)
                continue
            one = self.mean([_bare(member) for member in members])
            labels = Counter(label for member in members for label in member.get("labels", ()))
            if any("labels" in member for member in members):
                one["labels"] = sorted(label for label, votes in labels.items() if 2 * votes > len(members)) or _most(labels)
            kept.append(one)
            sure.append(math.fsum(self.alike(members, [one])[:, 0]) / count)
        return Combined(in_order(kept), math.fsum(sure) / len(sure) if sure else 1.0)

    def _things(self, answers: Sequence[Sequence[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        """The regions of all answers, those together that are meant to be the same thing: at most one of each answer."""
        things: list[list[dict[str, Any]]] = []
        for regions in answers:
            seen = [self.mean([_bare(member) for member in members]) for members in things]
            joined = set()
            if things and regions:
                table = self.overlaps(regions, seen)
                for i, j, _ in overlap.matched(table * (table >= SAME_REGION)):
                    things[j].append(regions[i])
                    joined.add(i)
            things += [[region] for i, region in enumerate(regions) if i not in joined]
        return things

    def region_value(self, canonical: Any) -> Any:
        """The region's labels."""
        return list(canonical.get("labels", ()))

    def region_of(self, canonical: Any) -> dict[str, Any]:
        """The place, and the labels where its regions carry them themselves."""
        entry = self.place_of(canonical)
        if self.is_labelled:
            entry["value"][self.value_key] = self.region_value(canonical)
        return entry

    @abstractmethod
    def place_of(self, canonical: Any) -> dict[str, Any]:
        """A region's place as the editor writes it: `value`, and what stands beside it."""

    def flat(self, canonical: Any) -> dict[str, Any]:
        """How many, and each in short."""
        listed = "; ".join(" ".join(filter(None, ["+".join(one.get("labels", ())), self.brief(one)])) for one in canonical)
        return {"": canonical, "count": len(canonical), "regions": listed}

    def brief(self, region: Mapping[str, Any]) -> str:
        """A region's place in a few characters."""
        return ""

    # ---- checking numbers ----

    def number(
        self, region: Region, name: str, *, least: float = -math.inf, most: float = math.inf, source: Any = None, place: str = ""
    ) -> float:
        """A number of the region's value, within its limits. Raises AnswerInvalid naming the field and the limit."""
        value = (region.value if source is None else source).get(name)
        where = place or region.at(name)
        if not is_number(value):
            raise self.refuse(where, "This is a number.", got=str(value)[:60])
        if not least <= value <= most:
            limit = [bound for bound in (least, most) if math.isfinite(bound)]
            raise self.refuse(where, "This is outside what it is marked on.", limit=limit, got=value)
        return float(value)


@dataclass(frozen=True)
class Tagging(Regions):
    """`Labels` beside a shape (`Rectangle`, `Brush` …): the labels of a region that another control marks. Given per region."""

    result_type = "labels"
    value_key = "labels"
    has_regions = False
    cells: ClassVar[tuple[str, ...]] = ()
    consensus = ("Medoid",)

    def canonical(self, region: Region) -> Any:
        """The labels, sorted."""
        return self.labels_given(region)

    def shape(self, region: Region) -> dict[str, Any]:
        """None of its own."""
        return {}

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """None of its own."""
        return {"value": {}}

    def region_of(self, canonical: Any) -> dict[str, Any]:
        """The labels."""
        return {"value": {self.value_key: list(canonical)}}

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Labels have no place."""
        import numpy as np

        return np.ones((len(a), len(b)))

    def distance(self, a: Any, b: Any) -> float:
        """Jaccard distance of the labels."""
        return 1.0 - _jaccard(a, b)

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Only the one."""
        return {"match": 1.0 - self.distance(a, b)}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The labels."""
        return frozenset(canonical)


def _bare(region: Mapping[str, Any]) -> dict[str, Any]:
    """A region without labels and what was given for it."""
    return {name: value for name, value in region.items() if name not in ("labels", "with")}


def _most(labels: Counter[str]) -> list[str]:
    """The label most give, of equals the first by name."""
    return [min(labels, key=lambda label: (-labels[label], label))] if labels else []


def _jaccard(a: Any, b: Any) -> float:
    left, right = set(a), set(b)
    return len(left & right) / len(left | right) if left | right else 1.0
