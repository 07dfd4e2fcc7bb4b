"""Any number of places in a tree of classes: `Taxonomy`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.labels.choice import NESTED
from tasks.labels.choices import label_vote
from tasks.labels.family import LISTED_MAX, Combined, Control, Region

PATHS_MAX = 500
DEPTH_MAX = 64  # an interface nests its tags less deep


@dataclass(frozen=True)
class Taxonomy(Control):
    """Canonical form: the chosen paths, each from the topmost class down, in order and without repeats."""

    paths: frozenset[tuple[str, ...]] = frozenset()
    variable: str = ""
    leaves_only: bool = False

    result_type = "taxonomy"
    value_key = "taxonomy"
    consensus = ("LabelVote", "Medoid")
    cells: ClassVar[tuple[str, ...]] = ("paths",)

    def canonical(self, region: Region) -> list[list[str]]:
        """The paths. Raises AnswerInvalid for none, too many, or one that is not in the tree."""
        value, where = self.value_of(region)
        if not isinstance(value, list) or not 1 <= len(value) <= PATHS_MAX:
            raise self.refuse(where, "Choose at least one place in the tree.", limit=PATHS_MAX)
        self.spend(region, len(value), where)
        known, above = region.effort.once(("tree", self.name), lambda: self._tree(region))
        found = set()
        for path in value:
            steps = (
                tuple(path)
                if isinstance(path, list) and len(path) <= DEPTH_MAX and all(isinstance(step, str) for step in path)
                else ()
            )
            if steps not in known:
                listed = sorted(NESTED.join(one) for one in known)[:LISTED_MAX]
                raise self.refuse(where, "That is not a place in the tree.", known=listed, got=str(path)[:100])
            if self.leaves_only and steps in above:
                raise self.refuse(where, "Go on down the tree: only its ends can be chosen.", got=NESTED.join(steps)[:100])
            found.add(steps)
        return [list(path) for path in sorted(found)]

    def _tree(self, region: Region) -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]]:
        """All places of the tree, and those that have others below them."""
        known = self.paths | frozenset(region.offered(self.variable)) if self.variable else self.paths
        return known, frozenset(path[:-1] for path in known)

    def distance(self, a: Any, b: Any) -> float:
        """The Jaccard distance of the paths with everything above them: the nearer in the tree, the nearer (Kiritchenko et al. 2005)."""
        left, right = _with_ancestors(a), _with_ancestors(b)
        return 1.0 - len(left & right) / len(left | right) if left | right else 0.0

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides: the Jaccard index of the paths alone."""
        left, right = ({tuple(path) for path in paths} for paths in (a, b))
        return {"match": 1.0 - self.distance(a, b), "exact": len(left & right) / len(left | right) if left | right else 1.0}

    def region_value(self, canonical: Any) -> Any:
        """The paths as they are."""
        return [list(path) for path in canonical]

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """A list of paths, or one path written with " / " between its steps; in a cell of a table several with "|" between them."""
        if isinstance(value, str):
            value = [path.split(NESTED) for path in value.split("|")]
        return {self.value_key: value}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """The paths, written with " / " between their steps."""
        return frozenset(NESTED.join(path) for path in canonical)

    def combine(self, answers: Sequence[Any], method: str) -> Combined:
        """LabelVote over the paths with everything above them: of each branch, as far down as more than half of the answers go."""
        if method != "LabelVote":
            return super().combine(answers, method)
        voted = label_vote([sorted("\0".join(path) for path in _with_ancestors(answer)) for answer in answers])
        kept = [tuple(path.split("\0")) for path in voted.value]
        ends = [list(path) for path in kept if not any(len(other) > len(path) and other[: len(path)] == path for other in kept)]
        return Combined(sorted(ends), voted.confidence)

    def flat(self, canonical: Any) -> dict[str, Any]:
        """The paths in one text."""
        return {"": canonical, "paths": "|".join(sorted(self.labels_of(canonical)))}


def _with_ancestors(paths: Sequence[Sequence[str]]) -> set[tuple[str, ...]]:
    return {tuple(path[:depth]) for path in paths for depth in range(1, len(path) + 1)}
