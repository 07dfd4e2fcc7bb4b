"""The arithmetic of comparing, held against libraries that do the same, and against what any measure must be."""

import itertools
import math
import random

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.labels import tracks
from tasks.labels.measures import orders, overlap, runs, stretches, wording
from tasks.labels.measures.stretches import Stretch
from tests.tasks.labels.faces import FACES, PICTURE, SIZE, box, drawn, painted, told, track

quick = settings(max_examples=60)

# ---- words ----

texts = st.text(st.sampled_from("ab cd "), max_size=30)


@quick
@given(texts, texts)
def test_word_error_rate_is_what_jiwer_says(reference, hypothesis):
    import jiwer

    assume(reference.strip())
    assert wording.word_error_rate(reference, hypothesis) == pytest.approx(jiwer.wer(reference, hypothesis))


@quick
@given(texts, texts)
def test_text_distances_are_measures(a, b):
    for distance in (wording.edit_distance, wording.word_distance):
        assert distance(a, a) == 0
        assert distance(a, b) == distance(b, a)
        assert 0 <= distance(a, b) <= 1


def test_edit_distance_counts_edits():
    assert wording.edit_distance("kitten", "sitting") == pytest.approx(3 / 7)
    assert wording.word_error_rate("a b", "a b c d e") == 1.5
    assert wording.word_distance("a b", "a b c d e") == 0.6


# ---- orders ----


@quick
@given(st.permutations(list("abcdef")), st.permutations(list("abcdef")))
def test_kendall_is_what_scipy_says(a, b):
    from scipy.stats import kendalltau

    places = [b.index(name) for name in a]
    assert orders.kendall_tau(a, b) == pytest.approx(kendalltau(range(6), places).statistic)
    assert orders.kendall_distance(a, b) == orders.kendall_distance(b, a)
    assert orders.kendall_distance(a, a) == 0
    assert orders.kendall_distance(a, a[::-1]) == 1


@quick
@given(st.lists(st.permutations(list("abcd")), min_size=1, max_size=5))
def test_kemeny_is_nearest_of_all_orders(given_orders):
    def total(order):
        return sum(orders.kendall_distance(order, one) for one in given_orders)

    found = orders.kemeny(given_orders)
    assert total(found) == pytest.approx(min(total(list(one)) for one in itertools.permutations("abcd")))
    assert orders.kemeny(given_orders[::-1]) == found
    assert sorted(orders.borda(given_orders)) == list("abcd")


def test_many_things_are_ordered_by_borda():
    names = [f"{n:02}" for n in range(20)]
    assert orders.kemeny([names, names, names[::-1]]) == names


def test_ratings_differ_by_cohens_quadratic_weights():
    """1 − the weighted disagreement over chance is scikit-learn's quadratic kappa."""
    from sklearn.metrics import cohen_kappa_score

    rating = FACES["rating"].interface.controls["c"]
    pick = random.Random(7)
    a, b = ([pick.randint(1, 5) for _ in range(200)] for _ in range(2))
    observed = sum(rating.distance(x, y) for x, y in zip(a, b, strict=True)) / len(a)
    expected = sum(rating.distance(x, y) for x in a for y in b) / len(a) ** 2
    assert 1 - observed / expected == pytest.approx(cohen_kappa_score(a, b, weights="quadratic"))


# ---- masks ----


@st.composite
def masks(draw, pixels=24):
    return draw(st.lists(st.booleans(), min_size=pixels, max_size=pixels))


def runs_of(bits):
    found = []
    for index, bit in enumerate(bits):
        if bit and found and sum(found[-1]) == index:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif bit:
            found.append((index, 1))
    return found


def pixels_of(found):
    return {pixel for start, length in found for pixel in range(start, start + length)}


@quick
@given(masks())
def test_packed_masks_are_what_label_studio_reads_and_read_the_same(bits):
    from label_studio_sdk.converter.brush import decode_rle

    packed = runs.packed(runs_of(bits), width=6, height=4)
    assert runs.unpacked(packed, width=6, height=4) == runs_of(bits)
    assert [bool(alpha) for alpha in decode_rle(packed)[3::4]] == bits


@quick
@given(masks())
def test_masks_packed_by_label_studio_are_read_the_same(bits):
    from label_studio_sdk.converter.brush import encode_rle

    pixels = np.repeat(np.array(bits, dtype=np.uint8) * 255, 4)
    assert runs.unpacked([int(one) for one in encode_rle(pixels)], width=6, height=4) == runs_of(bits)


@quick
@given(masks(), masks())
def test_pixel_iou_is_what_pycocotools_says(a, b):
    from pycocotools import mask as coco

    assume(any(a) or any(b))
    encoded = [coco.encode(np.asfortranarray(np.array(bits, dtype=np.uint8).reshape(4, 6))) for bits in (a, b)]
    assert runs.iou(runs_of(a), runs_of(b)) == pytest.approx(coco.iou([encoded[0]], [encoded[1]], [False])[0][0])
    assert runs.iou(runs_of(a), runs_of(b)) == runs.iou(runs_of(b), runs_of(a))
    assert runs.iou(runs_of(a), runs_of(a)) == 1


@quick
@given(st.lists(masks(), min_size=1, max_size=5))
def test_the_vote_of_pixels_is_the_vote_of_each_pixel(several):
    expected = {n for n in range(24) if 2 * sum(bits[n] for bits in several) > len(several)}
    found = runs.voted([runs_of(bits) for bits in several], more_than=len(several) / 2)
    assert pixels_of(found) == expected
    assert runs_of([n in expected for n in range(24)]) == found, "runs that touch are one"
    assert pixels_of(runs.union([runs_of(bits) for bits in several])) == {
        n for n in range(24) if any(bits[n] for bits in several)
    }


@quick
@given(st.binary(max_size=60))
def test_bytes_that_are_no_mask_are_refused_or_read_within_the_picture(data):
    try:
        found = runs.unpacked(list(b"\0\0\0\x60" + data), width=6, height=4)
    except runs.Unreadable:
        return
    assert pixels_of(found) <= set(range(24))


# ---- boxes and shapes ----

sides = st.floats(1, 40)
boxes = st.tuples(st.floats(0, 50), st.floats(0, 50), sides, sides)


@quick
@given(st.lists(boxes, max_size=5), st.lists(boxes, max_size=5))
def test_box_iou_is_what_pycocotools_says(a, b):
    from pycocotools import mask as coco

    found = overlap.box_ious(a, b)
    if a and b:
        expected = coco.iou(np.array(a, dtype=float), np.array(b, dtype=float), [False] * len(b))
        assert np.allclose(found, expected)
        assert np.allclose(np.array(overlap.box_ious(b, a)).T, found)


@quick
@given(boxes, boxes)
def test_shapes_of_boxes_overlap_as_boxes_do(a, b):
    def corners(one):
        x, y, width, height = one
        return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]

    assert overlap.shape_ious([corners(a)], [corners(b)])[0][0] == pytest.approx(overlap.box_ious([a], [b])[0][0], abs=1e-9)


def test_a_polygon_that_crosses_itself_is_mended():
    bow, square = [(0, 0), (10, 10), (10, 0), (0, 10)], [(0, 0), (10, 0), (10, 10), (0, 10)]
    assert overlap.shape_ious([bow], [square])[0][0] == pytest.approx(0.5)


def test_a_box_is_turned_in_pixels_about_its_upper_left_corner():
    """A quarter turn of a 10 × 20 px box on a picture of 40 × 20 px covers 20 × 10 px to the left of and below the corner."""
    face = FACES["boxes"].interface
    turned = face.canonical([drawn("rectanglelabels", box(50, 25, 25, 100, 90), "Car")], PICTURE)
    plain = face.canonical([drawn("rectanglelabels", box(0, 25, 50, 50), "Car")], PICTURE)
    assert face.distance(turned, plain) == pytest.approx(0)
    assert turned["c"][0]["size"] == [SIZE["original_width"], SIZE["original_height"]]


@quick
@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=2, max_size=3))
def test_the_matching_is_the_best_there_is(table):
    best = max(
        sum(table[i][j] for i, j in zip(rows, columns, strict=True))
        for rows in itertools.permutations(range(len(table)))
        for columns in itertools.combinations(range(3), len(table))
    )
    found = overlap.matched(np.array(table))
    assert math.fsum(value for _, _, value in found) == pytest.approx(best)
    assert len({i for i, _, _ in found}) == len({j for _, j, _ in found}) == len(found)


# ---- stretches ----

spans = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from("AB")).map(
        lambda one: Stretch(one[0], one[0] + one[1], one[2])
    ),
    max_size=5,
)


def characters(found):
    return {(at, label) for start, end, label in found for at in range(int(start), int(end))}


@quick
@given(spans, spans)
def test_character_f1_is_the_f1_of_characters(a, b):
    left, right = characters(a), characters(b)
    expected = 2 * len(left & right) / (len(left) + len(right)) if left or right else 1
    assert stretches.length_f1(a, b) == pytest.approx(expected)
    for f1 in (stretches.exact_f1, stretches.length_f1):
        assert f1(a, a) == 1
        assert f1(a, b) == pytest.approx(f1(b, a))
        assert 0 <= f1(a, b) <= 1
        assert f1(stretches.unlabelled(a), stretches.unlabelled(b)) >= 0


def test_words_that_are_covered_in_part_are_other_words():
    text = "Ada Lovelace met"
    whole, part = [(Stretch(0, 12, "PER"), text[:12])], [(Stretch(4, 12, "PER"), text[4:12])]
    assert stretches.token_f1(whole, part) == pytest.approx(2 / 3)
    assert stretches.token_f1(whole, [(Stretch(4, 10, "PER"), text[4:10])]) == 0
    assert stretches.token_f1(whole, [(Stretch(0, 12, "LOC"), text[:12])]) == 0


@quick
@given(st.lists(spans, min_size=1, max_size=5))
def test_the_vote_along_a_line_is_the_vote_of_each_character(answers):
    outcome = stretches.voted(answers)
    each = [characters(one) for one in answers]
    assert characters(outcome.stretches) == {
        one for one in set().union(*each) if 2 * sum(one in seen for seen in each) > len(answers)
    }
    assert 0 <= outcome.confidence <= 1


def test_neighbours_stay_apart_where_most_saw_two():
    two, one = [Stretch(0, 4, "A"), Stretch(4, 8, "A")], [Stretch(0, 8, "A")]
    assert stretches.voted([two, two, one]).stretches == two
    assert stretches.voted([two, one, one]).stretches == one


@quick
@given(st.floats(0, 9), st.floats(0.5, 5), st.floats(0, 9), st.floats(0.5, 5))
def test_time_overlaps_as_stretches_do(a, length_a, b, length_b):
    one, other = (a, a + length_a), (b, b + length_b)
    iou = overlap.interval_iou(one, other)
    f1 = stretches.length_f1([Stretch(*one, "")], [Stretch(*other, "")])
    assert iou == pytest.approx(f1 / (2 - f1))
    assert iou == overlap.interval_iou(other, one)


# ---- tracks ----


def test_a_track_moves_evenly_and_ends_where_it_is_switched_off():
    """Two boxes of equal size, one half a width beside the other, in 50 of 100 frames: IoU a third there, nothing elsewhere."""
    face = FACES["tracks"].interface
    still = [track([(1, 20, 20, True), (50, 20, 20, False)], "Ball")]
    beside = [track([(1, 30, 20, True), (50, 30, 20, False)], "Ball")]
    longer = [track([(1, 20, 20, True), (100, 20, 20, False)], "Ball")]
    answers = [face.canonical(one, {}) for one in (still, beside, longer)]
    assert face.match(answers[1], answers[0]) == pytest.approx(1 / 3)
    assert face.match(answers[2], answers[0]) == pytest.approx(1 / 2)
    moving = face.canonical([track([(1, 0, 0, True), (101, 50, 50, False)], "Ball")], {})
    middle = face.canonical([track([(1, 0, 0, True), (51, 25, 25, True), (101, 50, 50, False)], "Ball")], {})
    assert face.match(moving, middle) == pytest.approx(1), "a keyframe on the way changes nothing"


# ---- whole answers, made up ----

made_boxes = st.lists(
    st.tuples(boxes, st.sampled_from(["Car", "Sun"]), st.sampled_from([0, 0, 30])).map(
        lambda one: drawn("rectanglelabels", box(one[0][0] + one[2] / 2, *one[0][1:], one[2]), one[1])
    ),
    max_size=4,
)
made_masks = st.lists(
    st.tuples(st.integers(0, 700), st.integers(1, 90), st.sampled_from(["Road", "Sky"])).map(
        lambda one: painted([(one[0], one[1])], one[2])
    ),
    max_size=4,
)
made_tracks = st.lists(
    st.tuples(
        st.integers(1, 100), st.integers(1, 100), st.integers(0, 80), st.booleans(), st.sampled_from(["Ball", "Clock"])
    ).map(lambda one: track([(one[0], one[2], 10, True), (one[0] + one[1], 10, one[2], one[3])], one[4])),
    max_size=3,
)
numbers = st.floats(0, 10).map(lambda number: told("number", number))
MADE = {"boxes": made_boxes, "mask": made_masks, "tracks": made_tracks, "number": numbers}


@pytest.mark.parametrize("name", MADE)
@settings(max_examples=40)
@given(data=st.data())
def test_made_up_answers_are_compared_by_a_measure(name, data):
    face = FACES[name].interface
    results = [data.draw(MADE[name]) for _ in range(3)]
    for result in results:
        for n, one in enumerate(result):
            one["id"] = str(n)
    a, b, c = (face.canonical(result, PICTURE) for result in results)
    assert face.distance(a, a) == 0
    assert face.match(a, a) == 1
    assert face.distance(a, b) == face.distance(b, a)
    assert 0 <= face.distance(a, b) <= 1
    assert all(0 <= value <= 1 for value in face.measures(a, b)["c"].values())
    for method in face.controls["c"].consensus:
        found = face.combine("c", [a["c"], b["c"], c["c"]], method)
        again = face.combine("c", [c["c"], a["c"], b["c"]], method)
        assert found.value == again.value
        assert -1e-9 <= found.confidence <= 1 + 1e-9


def test_of_very_many_shapes_those_are_compared_that_meet_most(monkeypatch):
    """However many shapes a hostile answer lays over each other, the time is bounded, and what is the same is still found."""
    monkeypatch.setattr(overlap, "CORNERS_COMPARED_MAX", 20 * 10)
    shapes = [[(n, n), (n + 30, n), (n + 30, n + 30), (n, n + 30)] for n in range(20)]
    table = overlap.shape_ious(shapes, shapes)
    assert sum(value > 0 for row in table for value in row) == 20
    assert [table[n][n] for n in range(20)] == [1.0] * 20


@pytest.mark.parametrize(("here", "there"), [(500, 500), (1000, 1000), (1000, 3), (3, 1000), (1000, 400)])
def test_of_many_regions_each_is_compared_with_those_around_its_place(here, there):
    looked = []

    def alike(one, other):
        looked.append((one, other))
        return 1.0 if one == other else 0.0

    table = overlap.each_with_each(range(here), range(there), alike)
    assert len(looked) <= overlap.PAIRS_COMPARED_MAX
    assert [len(row) for row in table] == [there] * here
    if here == there:
        assert all(table[i][i] == 1.0 for i in range(here)), "what stands in the same place is found"
    few = overlap.each_with_each(range(here), range(there), alike, pairs_max=1)
    assert [len(row) for row in few] == [there] * here


def test_tracks_have_a_bound_of_their_own(monkeypatch):
    looked = []
    monkeypatch.setattr(tracks, "_iou", lambda a, b: looked.append(1) or 1.0)
    track = {"keyframes": [{"frame": 1, "x": 0, "y": 0, "width": 5, "height": 5, "enabled": True}], "frames": 2}
    family = tracks.Tracks("t", ("v",), False)
    assert len(family.overlaps([track] * 300, [track] * 300)) == 300
    assert len(looked) <= tracks.PAIRS_COMPARED_MAX


# ---- what it costs ----


def voted_bit_by_bit(answers):
    """What `stretches.voted` says, asked of every bit and every answer."""
    found, weights = [], []
    for label in sorted({stretch.label for answer in answers for stretch in answer}):
        own = [[(s.start, s.end) for s in answer if s.label == label] for answer in answers]
        edges = sorted({edge for given in own for stretch in given for edge in stretch})
        open_since = None
        for start, end in zip(edges, [*edges[1:], None], strict=True):
            votes = sum(any(s <= start < e for s, e in given) for given in own) if end is not None else 0
            kept = 2 * votes > len(answers)
            if votes and end is not None:
                weights.append((end - start, max(votes, len(answers) - votes) / len(answers)))
            through = sum(any(s < start < e for s, e in given) for given in own)
            if open_since is not None and not (kept and 2 * through > len(answers)):
                found.append(Stretch(open_since, start, label))
                open_since = None
            if kept and open_since is None:
                open_since = start
    total = math.fsum(length for length, _ in weights)
    sure = math.fsum(length * share for length, share in weights) / total if total else 1.0
    return sorted(found), sure


places = st.integers(min_value=0, max_value=8)
marks = st.builds(lambda a, b, label: Stretch(min(a, b), max(a, b), label), places, places, st.sampled_from("xy"))


@settings(max_examples=400)
@given(st.lists(st.lists(marks, max_size=5), min_size=1, max_size=5))
def test_the_vote_along_the_line_is_that_of_every_bit(answers):
    outcome = stretches.voted(answers)
    assert (outcome.stretches, outcome.confidence) == voted_bit_by_bit(answers)


def test_ten_thousand_stretches_of_each_of_three_are_voted_on():
    """Asked of every bit and every stretch these would be 600 million questions."""
    answers = [[Stretch(3 * n, 3 * n + 2, "x") for n in range(10_000)] for _ in range(3)]
    assert stretches.voted(answers).stretches == answers[0]


def wild(corners, seed=1):
    chance = random.Random(seed)
    return [(chance.random() * 100, chance.random() * 100) for _ in range(corners)]


def test_a_polygon_that_crosses_itself_everywhere_is_measured_by_few_of_its_corners(monkeypatch):
    """Exactly taken apart, two hundred corners drawn by chance cost many seconds, and two thousand hours."""
    monkeypatch.setattr(shapely, "make_valid", lambda shape: pytest.fail("this costs the cube of its corners"))
    square = [(0, 0), (100, 0), (100, 100), (0, 100)]
    assert 0 < overlap.shape_ious([wild(2000)], [square])[0][0] < 1
    circle = [(50 + 40 * math.cos(n / 100 * math.tau), 50 + 40 * math.sin(n / 100 * math.tau)) for n in range(100)]
    slip = [*circle[:50], circle[51], circle[50], *circle[52:]]  # a hand that slipped
    assert overlap.shape_ious([slip], [circle])[0][0] > 0.97


def star(corners, turn):
    return [
        (50 + radius * math.cos(n / corners * math.tau + turn), 50 + radius * math.sin(n / corners * math.tau + turn))
        for n in range(corners)
        for radius in [45 if n % 2 else 2]
    ]


def test_polygons_whose_sides_could_cross_everywhere_are_compared_by_fewer_corners(monkeypatch):
    """Two stars of 2000 points cross four million times, thirteen with thirteen took minutes."""
    crossings = []
    intersection = shapely.intersection

    def noted(ones, others):
        crossings.append(int(shapely.get_num_coordinates(ones) @ shapely.get_num_coordinates(others)))
        return intersection(ones, others)

    monkeypatch.setattr(shapely, "intersection", noted)
    stars = [star(2000, n / 1000) for n in range(13)]
    assert overlap.shape_ious(stars, stars).shape == (13, 13)
    assert sum(crossings) <= 1.1 * overlap.CROSSINGS_MAX
    circles = [
        [(50 + r * math.cos(n / 2000 * math.tau), 50 + r * math.sin(n / 2000 * math.tau)) for n in range(2000)]
        for r in range(30, 42)
    ]
    close = [[(x + 0.5, y) for x, y in one] for one in circles]
    assert overlap.shape_ious(circles, close)[0][0] == pytest.approx(0.979, abs=0.002), "what people draw is measured as well"


def test_of_many_such_polygons_few_are_taken_apart(monkeypatch):
    exact, rough = [], []
    repair, buffer = shapely.make_valid, shapely.Polygon.buffer
    monkeypatch.setattr(shapely, "make_valid", lambda shape: exact.append(len(shape.exterior.coords) - 1) or repair(shape))
    monkeypatch.setattr(
        shapely.Polygon, "buffer", lambda shape, size: rough.append(len(shape.exterior.coords) - 1) or buffer(shape, size)
    )
    many = [wild(30, seed) for seed in range(400)]
    table = overlap.shape_ious(many, [[(0, 0), (100, 0), (100, 100), (0, 100)]])
    assert len(table) == 400
    assert sum(exact) <= overlap.EXACT_MAX
    assert sum(exact) + sum(rough) <= overlap.ROUGH_MAX
    assert exact
    assert rough


def test_of_regions_of_many_pieces_fewer_are_compared():
    """Walking along two masks takes time with their runs: so many, over all pairs, and each still with its like."""
    walked = []

    def alike(one, other):
        walked.append(len(one) + len(other))
        return float(one == other)

    regions = [[n] * 1000 for n in range(300)]
    table = overlap.each_with_each(regions, regions, alike, pieces=len)
    assert sum(walked) <= overlap.PIECES_COMPARED_MAX
    assert all(table[n][n] == 1.0 for n in range(300))
    walked.clear()
    overlap.each_with_each(regions[:10], regions[:10], alike, pieces=len)
    assert len(walked) == 100


@quick
@given(
    *[st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)).map(lambda at: (at[0], at[0] + at[1])), max_size=4) for _ in "ab"]
)
def test_stretches_are_compared_all_at_once_as_one_by_one(a, b):
    found = overlap.interval_ious(a, b)
    assert found.shape == (len(a), len(b))
    assert [list(row) for row in found] == [[overlap.interval_iou(one, other) for other in b] for one in a]


words = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)


@quick
@given(st.lists(words, max_size=4), st.lists(words, max_size=4))
def test_labels_are_compared_all_at_once_as_one_by_one(a, b):
    def jaccard(one, other):
        return len(set(one) & set(other)) / len(set(one) | set(other)) if one or other else 1.0

    assert [list(row) for row in overlap.set_jaccards(a, b)] == [[jaccard(one, other) for other in b] for one in a]


of_paint = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=6).map(
    lambda found: runs.union([[run] for run in found])
)


@quick
@given(st.lists(of_paint, min_size=1, max_size=4))
def test_many_runs_are_counted_as_few_are(masks):
    pixels = [{at for start, length in one for at in range(start, start + length)} for one in masks]
    a, b = masks[0], masks[-1]
    every = runs.united([runs.as_array(one) for one in masks])
    assert runs.as_runs(every) == runs.union(masks)
    assert runs.area(every) == len(set.union(*pixels))
    both = len(pixels[0] & pixels[-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "FEW", 0)
        assert runs.common(a, b) == both
        many = runs.iou(a, b)
    assert many == runs.iou(a, b)
