"""The simulated crowd: it reads histories as they are told, behaves as stated, and notices when the money does not add up."""

import csv
import gzip
import random
from pathlib import Path

import pytest

from simulation import crowd, digits, history, voting

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def told(folder, rows, truth=()):
    folder.mkdir(exist_ok=True)
    for name, header, lines in [("labels", ["task", "worker", "label"], rows), ("truth", ["task", "truth"], truth)]:
        with gzip.open(folder / f"{name}.csv.gz", "wt", newline="") as file:
            csv.writer(file).writerows([header, *lines])
    return folder


def test_the_last_answer_of_a_person_to_a_task_stands(tmp_path):
    read = history.read(told(tmp_path / "h", [("t", "w", "a"), ("u", "w", "a"), ("t", "w", "b")]))
    assert [(one.task, one.label) for one in read.labels] == [("t", "b"), ("u", "a")]
    assert read.repeated == 1


def test_a_limit_counts_labels_as_they_stand_in_the_file(tmp_path):
    rows = [(f"t{n}", "w", "ab"[n % 2]) for n in range(10)]
    assert len(history.read(told(tmp_path / "h", rows), limit=4).labels) == 4


def test_what_is_no_categorical_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a categorical set"):
        history.read(told(tmp_path / "h", [(f"t{n}", "w", f"text {n}") for n in range(300)]))
    with pytest.raises(ValueError, match=r"no labels\.csv\.gz"):
        history.read(tmp_path)


def test_gold_is_a_share_of_the_truth_that_was_answered(tmp_path):
    rows = [(f"t{n}", "w", "a" if n else "b") for n in range(20)]
    read = history.read(told(tmp_path / "h", rows, [(f"t{n}", "a") for n in range(40)]))
    gold = history.gold_of(read, 0.25)
    assert len(gold) == 5
    assert set(gold) <= {row[0] for row in rows}
    assert history.gold_of(read, 0) == {}


def share_right(behaviour, n=4000):
    chance, previous, right = random.Random(1), None, 0
    for _ in range(n):
        truth = chance.choice(crowd.LABELS)
        previous = behaviour.answer(truth, previous, chance)
        right += previous == truth
    return right / n


def test_behaviours_are_as_stated():
    assert share_right(crowd.CAREFUL) == pytest.approx(0.97, abs=0.02)
    assert share_right(crowd.FAST) == pytest.approx(0.90, abs=0.02)
    assert share_right(crowd.SPAMMER) == pytest.approx(0.10, abs=0.02)
    assert share_right(crowd.COPIER) == pytest.approx(0.10, abs=0.03)
    chance = random.Random(2)
    said = [crowd.CONFUSED.answer("3", None, chance) for _ in range(2000)]
    assert said.count("8") / 2000 == pytest.approx(0.6, abs=0.05)
    times = sorted(crowd.SLOW.seconds(chance) for _ in range(2001))
    assert times[1000] == pytest.approx(crowd.SLOW.median_seconds, rel=0.1)


def test_digits_are_real_pictures_with_their_truth():
    drawn = digits.digits(12)
    assert [one.truth for one in drawn[:10]] == [str(n) for n in range(10)]
    assert all(one.image.startswith("data:image/png;base64,iVBOR") for one in drawn)
    assert len({one.image for one in drawn}) == 12


def test_an_interface_of_any_labels_is_well_formed():
    from tasks.labels import check_interface

    labels = ['a "quoted" one', "<b>", "c & d", "é"]
    interface = check_interface(voting.interface(labels))
    assert interface.canonical(voting.result("<b>"), {"text": "x"}) == {"label": "<b>"}


def test_accuracy_counts_only_what_is_known():
    assert voting.accuracy({"t": "a", "u": "b", "v": "a"}, {"t": "a", "u": "a", "w": "a"}) == (1, 2)


if SHARED.exists():

    @pytest.mark.parametrize("name", ["bluebirds", "s_adult", "sp_amt"])
    def test_real_histories_are_read_whole(name):
        read = history.read(SHARED / name)
        assert len({(one.task, one.worker) for one in read.labels}) == len(read.labels)
        assert read.truth
        assert all(one.timed for one in read.labels) == (name == "sp_amt")
