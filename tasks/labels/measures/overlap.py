"""How far regions overlap, and which of two people's regions belong together."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT_CORNERS, CROSSING_MAX = 32, 64  # of one that crosses itself: so many are taken apart exactly; of more, so many are taken
EXACT_MAX, ROUGH_MAX = (
    300,
    5_000,
)  # corners of all such polygons of an answer, up to which they are taken apart exactly, and roughly
CORNERS_COMPARED_MAX = 500_000  # of all pairs of shapes that are laid over each other
CROSSINGS_MAX = (
    3_000_000  # that the sides of all such pairs may have: the product of their corners; each takes about half a microsecond
)
CORNERS_KEPT_MIN = 32  # to which shapes are made coarser where there would be more
PAIRS_COMPARED_MAX = 250_000  # of the regions of two answers, one by one: 500 with 500
PIECES_COMPARED_MAX = 1_000_000  # runs or ranges that are walked along, over all pairs of two answers

ROWS = 250  # of a table that are worked out at once, so that what is needed on the way stays small

Matrix: TypeAlias = "NDArray[np.float64]"  # shape (regions here, regions there)
Pair = tuple[int, int, float]  # a region here, a region there, how alike they are


def matched(alike: Matrix) -> list[Pair]:
    """The one-to-one matching with the greatest total similarity; pairs with nothing in common are left out.

    The assignment problem (Kuhn 1955), solved by scipy (Crouse 2016).
    """
    if 0 in alike.shape:
        return []
    if 1 in alike.shape:
        i, j = divmod(int(alike.argmax()), alike.shape[1])
        return [(i, j, float(alike[i, j]))] if alike[i, j] > 0 else []
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(alike, maximize=True)
    found = zip(rows.tolist(), columns.tolist(), alike[rows, columns].tolist(), strict=True)
    return [(i, j, value) for i, j, value in found if value > 0]


def soft_f1(pairs: Sequence[Pair], here: int, there: int) -> float:
    """2 Σ similarity / (regions here + there): the F1 of detection in which a match counts as much as it overlaps; 1 for none at all."""
    if not here + there:
        return 1.0
    return min(1.0, 2.0 * math.fsum(value for _, _, value in pairs) / (here + there))


def f1_at(pairs: Sequence[Pair], here: int, there: int, *, at_least: float = 0.5) -> float:
    """The F1 of detection that counts matches of at least that overlap (Everingham et al. 2010 for 0.5); 1 for none at all."""
    return soft_f1([(i, j, 1.0) for i, j, value in pairs if value >= at_least], here, there)


def interval_iou(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Intersection over union of two stretches of a line (Jaccard 1901); two equal points are one."""
    if a == b:
        return 1.0
    common = min(a[1], b[1]) - max(a[0], b[0])
    union = max(a[1], b[1]) - min(a[0], b[0])
    return max(0.0, common / union) if union > 0 else 0.0


def interval_ious(a: Sequence[tuple[float, float]], b: Sequence[tuple[float, float]]) -> Matrix:
    """interval_iou of each with each."""
    import numpy as np

    def of(here: "NDArray[Any]", there: "NDArray[Any]") -> "NDArray[Any]":
        common = np.minimum(here[:, None, 1], there[:, 1]) - np.maximum(here[:, None, 0], there[:, 0])
        union = np.maximum(here[:, None, 1], there[:, 1]) - np.minimum(here[:, None, 0], there[:, 0])
        shares = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
        return np.where((here[:, None, :] == there).all(axis=-1), 1.0, np.maximum(0.0, shares))

    return in_rows(a, b, of)


def box_ious(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> Matrix:
    """Intersection over union of each with each: boxes as x, y, width, height, sides along the axes (Jaccard 1901)."""

    def of(here: "NDArray[Any]", there: "NDArray[Any]") -> "NDArray[Any]":
        common, left, right = _box_overlaps(here, there)
        found: NDArray[Any] = common / (left[:, None] + right[None, :] - common)
        return found

    return in_rows(a, b, of)


def in_rows(a: Sequence[Any], b: Sequence[Any], of: Callable[["NDArray[Any]", "NDArray[Any]"], "NDArray[Any]"]) -> Matrix:
    """What `of` makes of each ROWS of `a` and all of `b`, put together; both as arrays of numbers."""
    import numpy as np

    table = np.zeros((len(a), len(b)))
    if 0 not in table.shape:
        here, there = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        for at in range(0, len(a), ROWS):
            table[at : at + ROWS] = of(here[at : at + ROWS], there)
    return table


def set_jaccards(a: Sequence[Sequence[str]], b: Sequence[Sequence[str]]) -> Matrix:
    """The Jaccard index of each set with each; 1 for two empty ones."""
    import numpy as np

    numbers = {one: n for n, one in enumerate(sorted({one for given in (*a, *b) for one in given}))}
    left, right = (np.zeros((len(sets), len(numbers)), dtype=np.float32) for sets in (a, b))
    for table, sets in ((left, a), (right, b)):
        for row, given in enumerate(sets):
            table[row, [numbers[one] for one in given]] = 1.0
    common = (left @ right.T).astype(float)  # whole numbers, exact in 32 bits up to 16 million
    union = left.sum(axis=1)[:, None] + right.sum(axis=1)[None, :] - common
    shares: Matrix = np.divide(common, union, out=np.ones_like(common), where=union > 0)
    return shares


def _box_overlaps(a: "NDArray[Any]", b: "NDArray[Any]") -> tuple[Any, Any, Any]:
    import numpy as np

    width = np.minimum(a[:, None, 0] + a[:, None, 2], b[None, :, 0] + b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 1] + a[:, None, 3], b[None, :, 1] + b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    return np.clip(width, 0, None) * np.clip(height, 0, None), a[:, 2] * a[:, 3], b[:, 2] * b[:, 3]


def shape_ious(a: Sequence[Sequence[Sequence[float]]], b: Sequence[Sequence[Sequence[float]]]) -> Matrix:
    """Intersection over union of each with each: shapes as lists of corners, by shapely (GEOS). One that crosses itself is mended first.

    Only shapes whose bounding boxes meet are compared, and of very many those that meet most (`_likeliest`).
    """
    import numpy as np
    import shapely

    left, right = _sound(a), _sound(b)
    table = np.zeros((len(left), len(right)))
    if 0 in table.shape:
        return table
    rows, columns = shapely.STRtree(right).query(left)
    corners = [shapely.get_num_coordinates(shapes) for shapes in (left, right)]
    if np.dot(corners[0][rows], corners[1][columns]) > CROSSINGS_MAX:
        most = max(CORNERS_KEPT_MIN, math.isqrt(CROSSINGS_MAX // len(rows)))
        left, right = _sound([_coarser(one, most) for one in a]), _sound([_coarser(one, most) for one in b])
        rows, columns = shapely.STRtree(right).query(left)
    rows, columns = _likeliest(left, right, rows, columns)
    ones, others = (np.asarray(shapes, dtype=object)[at] for shapes, at in ((left, rows), (right, columns)))
    common = shapely.area(shapely.intersection(ones, others))
    union = shapely.area(ones) + shapely.area(others) - common
    same = np.fromiter((a[i] == b[j] for i, j in zip(rows.tolist(), columns.tolist(), strict=True)), dtype=bool, count=len(rows))
    table[rows, columns] = np.where(same, 1.0, np.minimum(1.0, common / union))
    return table


def _coarser(corners: Sequence[Sequence[float]], most: int) -> Sequence[Sequence[float]]:
    """At most so many of the corners, evenly spread."""
    return corners[:: -(-len(corners) // most)]


def _likeliest(left: Sequence[Any], right: Sequence[Any], rows: Any, columns: Any) -> tuple[Any, Any]:
    """The pairs to compare: all, unless they have more than CORNERS_COMPARED_MAX corners together; then those whose bounding boxes
    overlap most, so that the time a hostile answer takes is bounded.
    """
    import numpy as np
    import shapely

    corners = [shapely.get_num_coordinates(shapes) for shapes in (left, right)]
    sides = corners[0][rows] * corners[1][columns]
    cost = np.maximum(corners[0][rows] + corners[1][columns], sides // 8)  # they may all cross
    if cost.sum() <= CORNERS_COMPARED_MAX:
        return rows, columns
    ends = [shapely.bounds(shapes) for shapes in (left, right)]
    boxed = [np.column_stack([one[:, :2], one[:, 2:] - one[:, :2]]) for one in ends]
    common, here, there = _box_overlaps(*boxed)
    alike = common[rows, columns] / (here[rows] + there[columns] - common[rows, columns])
    order = np.argsort(-alike, kind="stable")
    kept = order[np.cumsum(cost[order]) <= CORNERS_COMPARED_MAX]
    return rows[kept], columns[kept]


def _sound(shapes: Sequence[Sequence[Sequence[float]]]) -> list[Any]:
    """The areas of an answer's polygons. One that crosses itself is taken apart, which costs the cube of its corners (GEOS's make_valid):
    exactly while EXACT_MAX lasts, then by its boundary (a buffer of nothing), which loses what is wound the other way, and beyond
    ROUGH_MAX by its hull. Nobody draws so many; who hands them in is to hold up nobody.
    """
    import shapely

    crossing, found = 0, []
    for corners in shapes:
        shape = shapely.Polygon(corners)
        if not shape.is_valid:
            few = corners[:: -(-len(corners) // CROSSING_MAX)]
            crossing += len(few)
            if len(corners) <= EXACT_CORNERS and crossing <= EXACT_MAX:
                shape = shapely.make_valid(shape)
            else:
                shape = shapely.Polygon(few)
                shape = shape.buffer(0) if crossing <= ROUGH_MAX else shape.convex_hull
        found.append(shape)
    return found


def each_with_each(
    a: Sequence[Any],
    b: Sequence[Any],
    alike: Callable[[Any, Any], float],
    *,
    pairs_max: int = PAIRS_COMPARED_MAX,
    pieces: Callable[[Any], int] | None = None,
) -> Matrix:
    """How alike each is with each, in at most `pairs_max` comparisons: of more regions than that, each is compared with those that stand
    about where it stands in its own answer, and counts as unlike all others. Where comparing two takes time with their `pieces`, there are
    as many fewer comparisons as all pieces together take more than PIECES_COMPARED_MAX.
    """
    import numpy as np

    if pieces is not None and a and b:
        taken = len(b) * sum(map(pieces, a)) + len(a) * sum(map(pieces, b))
        pairs_max = min(pairs_max, max(len(a), len(a) * len(b) * PIECES_COMPARED_MAX // max(1, taken)))
    table, width = np.zeros((len(a), len(b))), len(b)
    if len(a) * len(b) > pairs_max:
        width = max(1, pairs_max // len(a))
    for i, one in enumerate(a):
        begin = max(0, min(len(b) - width, i * len(b) // len(a) - width // 2))
        table[i, begin : begin + width] = [alike(one, other) for other in b[begin : begin + width]]
    return table
