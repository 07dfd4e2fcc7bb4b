"""An order of things, or their distribution over buckets: `Ranker` on `List`."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.labels.family import LISTED_MAX, Combined, Control, Region
from tasks.labels.measures import orders
from tasks.labels.objects import ITEMS_MAX

UNPLACED = "_"  # the editor's bucket of what was left where it was


@dataclass(frozen=True)
class Ranking(Control):
    """Canonical form: the ids of all things, the best first."""

    result_type = "ranker"
    value_key = "ranker"
    consensus: ClassVar[tuple[str, ...]] = ("Kemeny", "Borda", "Medoid")
    cells: ClassVar[tuple[str, ...]] = ("order",)

    def canonical(self, region: Region) -> Any:
        """The order. Raises AnswerInvalid for things that are not in the list, stand in it twice, or are missing."""
        value, where = self.value_of(region)
        order = value.get(self.name) if isinstance(value, dict) else value
        ids = self._ids(order, region, where)
        if missing := sorted(set(self._known(region)) - set(ids)):
            raise self.refuse(where, "Give every item of the list a place.", missing=missing[:LISTED_MAX])
        return ids

    def _ids(self, order: Any, region: Region, where: str) -> list[str]:
        known = self._known(region)
        if not isinstance(order, list):
            raise self.refuse(where, "An order is a list of the items' ids.", known=list(known)[:LISTED_MAX])
        if len(order) > ITEMS_MAX:
            raise self.refuse(where, "An order has every item once.", limit=ITEMS_MAX, got=len(order))
        ids = [str(one) if isinstance(one, str | int) and not isinstance(one, bool) else "" for one in order]
        if unknown := [one for one in ids if one not in known]:
            raise self.refuse(where, "There is no such item.", known=list(known)[:LISTED_MAX], got=unknown[0][:60])
        if len(set(ids)) != len(ids):
            twice = next(one for one, count in Counter(ids).items() if count > 1)
            raise self.refuse(where, "An item stands in the order twice.", got=twice[:60])
        return ids

    def _known(self, region: Region) -> dict[str, None]:
        """The ids of the list's items, in its order."""
        items = region.content()
        given = items if isinstance(items, list) else []
        found: dict[str, None] = region.effort.once(
            ("ids", self.name), lambda: {str(item.get("id")): None for item in given if isinstance(item, dict)}
        )
        return found

    def distance(self, a: Any, b: Any) -> float:
        """The share of pairs that stand the other way round, (1 − Kendall's tau) / 2 (`orders.kendall_distance`); 1 for orders of other
        things.
        """
        return orders.kendall_distance(a, b) if set(a) == set(b) else 1.0

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides: whether both have the same thing first."""
        return {"match": 1.0 - self.distance(a, b), "first": float(a[:1] == b[:1])}

    def region_value(self, canonical: Any) -> Any:
        """As the editor writes it: under the control's own name."""
        return {self.name: list(canonical)}

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """A list of ids, or in a cell of a table ids with ">" between them."""
        return {self.value_key: [one.strip() for one in value.split(">")] if isinstance(value, str) else value}

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """Kemeny or Borda (`orders`); the confidence is the mean share of pairs in which the answers are with the outcome."""
        if method == "Medoid" or len({frozenset(one) for one in answers}) > 1:
            return super().combine(answers, "Medoid")
        found = orders.kemeny(answers) if method == "Kemeny" else orders.borda(answers)
        return Combined(found, 1.0 - math.fsum(sorted(self.distance(one, found) for one in answers)) / len(answers))

    def flat(self, canonical: Any) -> dict[str, Any]:
        """The order in one text."""
        return {"": canonical, "order": ">".join(canonical)}


@dataclass(frozen=True)
class Buckets(Ranking):
    """Canonical form: bucket → the ids in it, in their order there. What was left in the list is in none."""

    buckets: frozenset[str] = frozenset()
    default: str = ""  # the bucket everything is in at first; then all items are in one

    consensus: ClassVar[tuple[str, ...]] = ("BucketVote", "Medoid")

    def canonical(self, region: Region) -> Any:
        """The buckets. Raises AnswerInvalid for unknown buckets or things, and for a thing in two of them."""
        value, where = self.value_of(region)
        if not isinstance(value, dict):
            raise self.refuse(where, "A distribution is an object of bucket and items.", known=sorted(self.buckets))
        if unknown := sorted(str(name) for name in set(value) - self.buckets - {UNPLACED}):
            raise self.refuse(where, "There is no such bucket.", known=sorted(self.buckets), got=unknown[0][:60])
        placed = {name: self._ids(value[name], region, f"{where}.{name}") for name in sorted(value)}
        every = [one for ids in placed.values() for one in ids]
        if len(set(every)) != len(every):
            twice = next(one for one, count in Counter(every).items() if count > 1)
            raise self.refuse(where, "An item stands in two buckets.", got=twice[:60])
        if self.default and (missing := sorted(set(self._known(region)) - set(every))):
            raise self.refuse(where, "Put every item into a bucket.", missing=missing[:LISTED_MAX])
        return {name: ids for name, ids in placed.items() if ids and name != UNPLACED}

    def distance(self, a: Any, b: Any) -> float:
        """The share of things that stand in different buckets, of those that either put into one. The order within does not count."""
        left, right = _bucket_of(a), _bucket_of(b)
        things = set(left) | set(right)
        return sum(left.get(one) != right.get(one) for one in things) / len(things) if things else 0.0

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Only the one."""
        return {"match": 1.0 - self.distance(a, b)}

    def region_value(self, canonical: Any) -> Any:
        """Bucket by bucket."""
        return {name: list(ids) for name, ids in canonical.items()}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The buckets in use."""
        return frozenset(canonical)

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """An object of bucket and ids."""
        return {self.value_key: value}

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """BucketVote: each thing goes where most put it, of equals to the first bucket by name (nowhere before all); its confidence is the
        mean share of answers that are with the outcome. Within a bucket things stand by their mean place.
        """
        if method != "BucketVote":
            return super().combine(answers, "Medoid")
        found: dict[str, list[str]] = {}
        sure = []
        places = [_bucket_of(answer) for answer in answers]
        for thing in sorted({one for place in places for one in place}):
            votes = Counter(place.get(thing, "") for place in places)
            bucket = min(votes, key=lambda name: (-votes[name], name))
            sure.append(votes[bucket] / len(answers))
            if bucket:
                found.setdefault(bucket, []).append(thing)
        for bucket, things in found.items():
            things.sort(key=lambda one: (_mean_place(answers, bucket, one), one))
        return Combined(dict(sorted(found.items())), sum(sure) / len(sure) if sure else 1.0)

    def flat(self, canonical: Any) -> dict[str, Any]:
        """Bucket by bucket, in one text."""
        return {"": canonical, "order": "; ".join(f"{name}: {', '.join(ids)}" for name, ids in canonical.items())}


def _bucket_of(canonical: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {thing: bucket for bucket, things in canonical.items() for thing in things}


def _mean_place(answers: Sequence[Mapping[str, Sequence[str]]], bucket: str, thing: str) -> float:
    places = [answer[bucket].index(thing) for answer in answers if thing in answer.get(bucket, ())]
    return sum(places) / len(places)
