"""How far regions overlap, and which of two people's regions belong together."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT_CORNERS, CROSSING_MAX = 32, 64  # of one that crosses itself: so many are taken apart exactly; of more, so many are taken
EXACT_MAX, ROUGH_MAX = (
    300,
    5_000,
)  # corners of all such polygons of an answer, up to which they are taken apart exactly, and roughly
CORNERS_COMPARED_MAX = 500_000  # of all pairs of shapes that are laid over each other
PAIRS_COMPARED_MAX = 250_000  # of the regions of two answers, one by one: 500 with 500

Matrix = list[list[float]]
Pair = tuple[int, int, float]  # a region here, a region there, how alike they are


def matched(alike: Matrix) -> list[Pair]:
    """The one-to-one matching with the greatest total similarity; pairs with nothing in common are left out.

    The assignment problem (Kuhn 1955), solved by scipy (Crouse 2016).
    """
    if not alike or not alike[0]:
        return []
    if len(alike) == 1 or len(alike[0]) == 1:
        cells = [(value, -i, -j) for i, row in enumerate(alike) for j, value in enumerate(row)]
        value, i, j = max(cells)
        return [(-i, -j, value)] if value > 0 else []
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(alike, maximize=True)
    return [(int(i), int(j), alike[i][j]) for i, j in zip(rows, columns, strict=True) if alike[i][j] > 0]


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
    return [[interval_iou(one, other) for other in b] for one in a]


def box_ious(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> Matrix:
    """Intersection over union of each with each: boxes as x, y, width, height, sides along the axes (Jaccard 1901)."""
    import numpy as np

    if not a or not b:
        return [[] for _ in a]
    common, left, right = _box_overlaps(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    return (common / (left[:, None] + right[None, :] - common)).tolist()  # type: ignore[no-any-return]


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
    table = [[0.0] * len(right) for _ in left]
    if not left or not right:
        return table
    rows, columns = _likeliest(left, right, *shapely.STRtree(right).query(left))
    ones, others = (np.asarray(shapes, dtype=object)[at] for shapes, at in ((left, rows), (right, columns)))
    common = shapely.area(shapely.intersection(ones, others))
    union = shapely.area(ones) + shapely.area(others) - common
    for i, j, value in zip(rows.tolist(), columns.tolist(), (common / union).tolist(), strict=True):
        table[i][j] = 1.0 if a[i] == b[j] else min(1.0, value)
    return table


def _likeliest(left: Sequence[Any], right: Sequence[Any], rows: Any, columns: Any) -> tuple[Any, Any]:
    """The pairs to compare: all, unless they have more than CORNERS_COMPARED_MAX corners together; then those whose bounding boxes
    overlap most, so that the time a hostile answer takes is bounded.
    """
    import numpy as np
    import shapely

    corners = [shapely.get_num_coordinates(shapes) for shapes in (left, right)]
    cost = corners[0][rows] + corners[1][columns]
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
    a: Sequence[Any], b: Sequence[Any], alike: Callable[[Any, Any], float], *, pairs_max: int = PAIRS_COMPARED_MAX
) -> Matrix:
    """How alike each is with each, in at most `pairs_max` comparisons: of more regions than that, each is compared with those that stand
    about where it stands in its own answer, and counts as unlike all others.
    """
    if len(a) * len(b) <= pairs_max:
        return [[alike(one, other) for other in b] for one in a]
    table, width = [], max(1, pairs_max // len(a))
    for i, one in enumerate(a):
        begin = max(0, min(len(b) - width, i * len(b) // len(a) - width // 2))
        near = [alike(one, other) for other in b[begin : begin + width]]
        table.append([0.0] * begin + near + [0.0] * (len(b) - begin - len(near)))
    return table
