from hypothesis import given
from hypothesis import strategies as st

from qualification import mastery
from qualification.mastery import Practised

answers = st.lists(st.builds(Practised, st.sampled_from("abcd"), st.booleans(), st.booleans()), max_size=30)


def test_verdicts():
    assert [mastery.verdict(score, right_percent=80) for score in (1.0, 0.8, 0.79, 0.01, 0.0)] == [
        "right",
        "right",
        "partly",
        "partly",
        "wrong",
    ]


def test_k_right_of_the_last_n_that_count():
    one = [Practised("a", True), Practised("b", False), Practised("c", True)]
    assert not mastery.is_mastered(one, right=3, window=4)
    assert mastery.is_mastered([*one, Practised("d", True)], right=3, window=4)
    assert not mastery.is_mastered([*one, Practised("d", True, counts=False)], right=3, window=4)
    assert not mastery.is_mastered([*one, Practised("d", True)], right=3, window=3), "the window has moved on"
    assert mastery.recent([*one, Practised("d", False)], window=2) == [True, False]


@given(answers, st.integers(1, 5), st.integers(0, 5))
def test_wrong_answers_never_master_and_a_right_one_never_unmasters(given_answers, right, more):
    window = right + more
    if not mastery.is_mastered(given_answers, right=right, window=window):
        assert not mastery.is_mastered([*given_answers, Practised("a", False)], right=right, window=window)
    full = mastery.recent(given_answers, window=window)
    assert len(full) <= window
    assert sum(mastery.recent([*given_answers, Practised("a", True)], window=window)) >= sum(full[1:])


@given(answers)
def test_the_next_task_is_another_one_and_every_one_comes(given_answers):
    bank = ["a", "b", "c", "d"]
    following = mastery.next_question(bank, given_answers)
    assert following in bank
    if given_answers:
        assert following != given_answers[-1].question_id
    seen = {answer.question_id for answer in given_answers}
    unseen = [name for name in bank if name not in seen]
    if unseen:
        assert following == unseen[0]
    history = list(given_answers)
    for _ in range(12):
        name = mastery.next_question(bank, history)
        history.append(Practised(name, True))
    assert {answer.question_id for answer in history[len(given_answers) :]} == set(bank)


def test_what_was_wrong_comes_again_before_what_was_right():
    history = [Practised("a", True), Practised("b", False), Practised("c", True)]
    assert mastery.next_question(["a", "b", "c"], history) == "b"
