"""Bulk uploads: streamed, an error per bad row with its line, all or nothing or skipping the bad, the same key once."""

import io
import tracemalloc

import orjson
import pytest
from django.db import connection

from foundation.errors import NotFound
from foundation.idempotency import KeyReused
from tasks import importing, publishing
from tasks.errors import BadUpload, BatchStateConflict
from tasks.models import Batch, Gold, Import, Task
from tests.builders import known
from tests.journeys.world import ok, rows
from tests.tasks import scenes

CSV, NDJSON = "text/csv", "application/x-ndjson"


def upload(rita, batch, body, *, kind="tasks", content_type=NDJSON, skip_bad=False, key=None):
    stream = body if hasattr(body, "read") else io.BytesIO(body)
    return importing.import_rows(
        rita.actor, batch.id, kind=kind, stream=stream, content_type=content_type, skip_bad=skip_bad, key=key, now=rita.now
    )


@pytest.fixture
def batch(rita):
    return scenes.draft(rita, tasks=0, overlap=3)


def test_rows_go_in_in_the_order_of_the_upload(rita, batch, walt):
    report = upload(
        rita,
        batch,
        rows(
            {"key": "a", "payload": {"text": "A"}},
            {"payload": {"text": "B", "more": [1]}, "overlap": 2, "priority": "urgent"},
            {"key": "c", "payload": {"text": "C"}, "reserved_for": [known(walt, rita)]},
        ),
    )
    assert (report.state, report.rows_read, report.rows_added, report.rows_bad) == ("done", 3, 3, 0)
    tasks = list(Task.objects.filter(batch=batch).order_by("position"))
    assert [(t.position, t.payload["text"], t.overlap, t.need, t.lane) for t in tasks] == [
        (1, "A", 3, 3, 0),
        (2, "B", 2, 2, 1),
        (3, "C", 3, 3, 0),
    ]
    assert tasks[1].payload["more"] == [1]
    assert tasks[2].reserved_for == [walt.worker.id]
    assert Batch.objects.get(id=batch.id).tail == 3
    upload(rita, batch, rows({"payload": {"text": "D"}}))
    assert Task.objects.filter(batch=batch, position=4).exists()


def test_a_bad_row_keeps_everything_out_and_says_which(rita, batch):
    report = upload(rita, batch, b'{"payload":{"text":"A"}}\n\nnot json\n{"payload":{}}\n{"payload":{"text":"B"},"x":1}\n')
    assert (report.state, report.rows_read, report.rows_added, report.rows_bad) == ("refused", 4, 0, 3)
    assert [(error["line"], error["code"]) for error in report.errors] == [(3, "bad_row"), (4, "payload_invalid"), (5, "bad_row")]
    assert not Task.objects.filter(batch=batch).exists()
    assert Batch.objects.get(id=batch.id).tail == 0


def test_bad_rows_can_be_skipped(rita, batch):
    report = upload(rita, batch, b'{"payload":{"text":"A"}}\nnot json\n{"payload":{"text":"B"}}', skip_bad=True)
    assert (report.state, report.rows_added, report.rows_bad) == ("done", 2, 1)


@pytest.mark.parametrize(
    "row",
    [
        "a list",
        {"payload": {"text": "x"}, "key": ""},
        {"payload": {"text": "x"}, "key": "k" * 201},
        {"payload": {"text": "x"}, "overlap": 0},
        {"payload": {"text": "x"}, "overlap": 1001},
        {"payload": {"text": "x"}, "overlap": True},
        {"payload": {"text": "x"}, "priority": "soon"},
        {"payload": {"text": "x"}, "reserved_for": ["nobody"]},
        {"payload": {"text": "x"}, "unavailable_for": [7]},
        {"payload": {"text": "x"}, "unavailable_for": ["w" * 41]},
        {"payload": {"text": "x"}, "reserved_for": []},
        {"payload": {"text": "x\u0000y"}},
        {"payload": {"text": "x" * 70_000}},
        {"payload": {"text": "x"}, "solution": {"label": "a"}},
    ],
)
def test_every_kind_of_bad_row_is_one(rita, batch, row):
    report = upload(rita, batch, rows(row), skip_bad=True)
    assert (report.rows_added, report.rows_bad) == (0, 1)
    assert report.errors[0]["line"] == 1


def test_keys_are_taken_once(rita, batch):
    upload(rita, batch, rows({"key": "a", "payload": {"text": "A"}}))
    body = rows(*({"key": key, "payload": {"text": "x"}} for key in ("b", "a", "b")))
    report = upload(rita, batch, body, skip_bad=True)
    assert (report.rows_added, [error["line"] for error in report.errors]) == (1, [2, 3])
    assert set(Task.objects.filter(batch=batch).values_list("key", flat=True)) == {"a", "b"}


def test_csv_with_its_peculiarities(rita, batch):
    body = '\ufeffkey,text,overlap\r\na,"one, with a\nline break",\r\nb,two,5\r\nc,three\r\n'.encode()
    report = upload(rita, batch, body + b"d,bad \xff byte,\r\n", content_type=CSV, skip_bad=True)
    assert (report.rows_read, report.rows_added, report.rows_bad) == (4, 2, 2)
    assert Task.objects.get(batch=batch, key="a").payload == {"text": "one, with a\nline break"}
    assert Task.objects.get(batch=batch, key="b").overlap == 5
    with pytest.raises(BadUpload):
        upload(rita, batch, b"text,text\nx,y\n", content_type=CSV)


def test_gold_carries_its_truth_and_no_places_until_publishing(rita, batch):
    body = b'text,solution.label,explanation\nG,b,"It is b."\nH,z,\n'
    report = upload(rita, batch, body, kind="gold", content_type=CSV, skip_bad=True)
    assert (report.rows_added, report.errors[0]["code"]) == (1, "answer_invalid")
    gold = Gold.objects.get(task__batch=batch)
    assert (gold.solution, gold.explanation) == ({"label": "b"}, "It is b.")
    assert (gold.task.lane, gold.task.need) == (Task.Lane.GOLD, 0)


def test_the_same_key_is_the_same_upload(rita, batch):
    body = rows({"payload": {"text": "A"}})
    first = upload(rita, batch, body, key="k")
    assert upload(rita, batch, body, key="k").id == first.id
    with pytest.raises(KeyReused):
        upload(rita, batch, rows({"payload": {"text": "B"}}), key="k")
    assert Task.objects.filter(batch=batch).count() == Import.objects.count() == 1


@pytest.mark.parametrize("body", [b'text,overlap\na,2\nb,"two wor', b'text\na\n"b"c\nd\n', b'"text'])
@pytest.mark.parametrize("skip_bad", [True, False])
def test_a_csv_that_ends_within_a_cell_or_breaks_a_quote_is_refused_whole(rita, batch, body, skip_bad):
    with pytest.raises(BadUpload) as refused:
        upload(rita, batch, body, content_type=CSV, skip_bad=skip_bad, key="k")
    assert refused.value.details["line"] == body.rstrip(b"\nd").count(b"\n") + 1
    assert not Task.objects.filter(batch=batch).exists()
    assert not Import.objects.exists(), "no key is remembered"


@pytest.mark.parametrize("content_type", [CSV, NDJSON])
def test_an_empty_body_is_said_to_be_empty(rita, batch, content_type):
    with pytest.raises(BadUpload, match="empty"):
        upload(rita, batch, b"", content_type=content_type, key="k")
    assert not Import.objects.exists()


@pytest.mark.parametrize("cell", ["²", "٣", "9" * 5000, "1e3", "-1", "0x1", " 2"])
def test_an_overlap_in_a_csv_is_a_plain_number(rita, batch, cell):
    report = upload(rita, batch, f"text,overlap\nA,{cell}\nB,2\n".encode(), content_type=CSV, skip_bad=True)
    assert (report.rows_added, report.rows_bad) == (1, 1)
    assert report.errors[0]["details"]["field"] == "overlap"


def test_a_line_of_many_cells_is_not_cut_down(rita, batch):
    names = [f"c{n}" for n in range(50)]
    body = ",".join(["text", *names]) + "\n" + ",".join(["A", *("x" * 4000 for _ in names)]) + "\n"
    with pytest.raises(BadUpload) as refused:
        upload(rita, batch, body.encode(), content_type=CSV, skip_bad=True)
    assert refused.value.details == {"line": 2, "limit": 64 * 1024}


def test_a_long_line_is_one_bad_row(rita, batch):
    body = b'{"payload":{"text":"A"}}\n{"payload":{"text":"' + b"x" * 300_000 + b'"}}\n{"payload":{"text":"B"}}'
    report = upload(rita, batch, body, skip_bad=True)
    assert (report.rows_read, report.rows_added) == (3, 2)
    assert [(error["line"], error["details"]["limit"]) for error in report.errors] == [(2, 64 * 1024)]


@pytest.mark.parametrize(
    "text", ["tab\there", "back\\slash", "\\N", "\\.", "line\nbreak", 'quote"', "\r", "{curly,comma}", "é 漢 😀", "\u2028"]
)
def test_every_character_arrives_as_it_was(rita, batch, text):
    assert upload(rita, batch, rows({"key": text, "payload": {"text": text, text: [text]}})).rows_added == 1
    task = Task.objects.get(batch=batch)
    assert (task.key, task.payload) == (text, {"text": text, text: [text]})


def test_a_key_stands_for_all_that_was_asked(rita, batch):
    body = rows({"payload": {"text": "A"}, "solution": {"label": "a"}})
    upload(rita, batch, body, kind="gold", key="k")
    for other in ({"skip_bad": True}, {"kind": "tasks"}, {"content_type": CSV}):
        with pytest.raises(KeyReused):
            upload(rita, batch, body, key="k", **({"kind": "gold"} | other))


def test_a_retry_after_publishing_gets_the_first_report(rita, olga):
    fresh = scenes.draft(rita, tasks=3)
    body = rows({"payload": {"text": "A"}})
    first = upload(rita, fresh, body, key="k")
    scenes.floor(olga)
    scenes.funds(olga, rita)
    publishing.publish(rita.actor, fresh.id, now=rita.now)
    assert upload(rita, fresh, body, key="k").id == first.id
    with pytest.raises(KeyReused):
        upload(rita, fresh, rows({"payload": {"text": "B"}}), key="k")
    with pytest.raises(BatchStateConflict):
        upload(rita, fresh, body, key="another")


class Watched(io.BytesIO):
    """A stream that notes how many transactions are open while it is read."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.depths: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.depths.append(len(connection.savepoint_ids))
        return super().read(size)


def test_no_transaction_is_open_while_the_client_is_read(rita, batch):
    stream, around = Watched(rows({"payload": {"text": "A"}}) * 5000), len(connection.savepoint_ids)
    assert upload(rita, batch, stream).rows_added == 5000
    assert len(stream.depths) > 2
    assert set(stream.depths) == {around}, "only the test's own transaction"


def test_only_drafts_of_ones_own_are_filled(rita, rex, olga, batch):
    with pytest.raises(NotFound):
        upload(rex, batch, b"{}")
    opened = scenes.opened(rita, olga, of=batch.project)
    with pytest.raises(BatchStateConflict):
        upload(rita, opened, rows({"payload": {"text": "A"}}))
    publishing.close(rita.actor, opened.id, now=rita.now)
    with pytest.raises(BatchStateConflict):
        upload(rita, opened, rows({"payload": {"text": "A"}}))


class Endless:
    """An upload of n rows that is never in memory as a whole."""

    def __init__(self, n: int) -> None:
        self.left, self.n = n, 0

    def read(self, size: int = -1) -> bytes:
        chunk = []
        while self.left and len(chunk) < 200:
            chunk.append(orjson.dumps({"payload": {"text": f"Row {self.n} " + "x" * 300}}) + b"\n")
            self.left, self.n = self.left - 1, self.n + 1
        return b"".join(chunk)


def test_memory_does_not_grow_with_the_upload(rita, batch):
    def peak(n: int) -> int:
        tracemalloc.start()
        assert upload(rita, batch, Endless(n)).rows_added == n
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(200)
    small, large = peak(2_000), peak(20_000)
    assert large < small + 1_000_000, "ten times the rows, 8 MB of them, and no megabyte more"


def test_over_http(rita, batch):
    path = f"batches/{batch.id}/tasks"
    assert ok(rita.upload(path, rows({"payload": {"text": "A"}})), 201)["rows_added"] == 1
    refused = rita.upload(path, b"nonsense")
    assert (refused.status_code, refused.json()["state"]) == (422, "refused")
    assert ok(rita.upload(f"{path}?on_error=skip", b"nonsense"), 201)["rows_bad"] == 1
    assert rita.upload(f"{path}?on_error=maybe", b"").status_code == 400
    assert rita.upload(path, b"{}", "application/json").status_code == 415
    assert len(ok(rita.get(f"batches/{batch.id}/imports"))["results"]) == 3
    assert [row["payload"] for row in ok(rita.get(path))["results"]] == [{"text": "A"}]


@pytest.mark.parametrize("kind", ["tasks", "gold"])
@pytest.mark.parametrize("content_type", ["text/csv; charset=iso-8859-1", "application/x-ndjson; charset=utf-16"])
def test_an_upload_in_another_charset_is_refused_whole(rita, batch, kind, content_type):
    answer = rita.upload(f"batches/{batch.id}/{kind}", "text\ncafé\n".encode("latin-1"), content_type)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_charset"
    assert answer.json()["details"]["known"] == ["utf-8"]
    assert not Import.objects.exists()


def test_a_row_with_a_field_given_twice_is_a_bad_row(rita, batch):
    answer = rita.upload(f"batches/{batch.id}/tasks", b'{"payload":{"text":"first","text":"second"}}\n')
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["line"] == 1
    assert "payload.text" in str(answer.json()["errors"])
    assert not Task.objects.filter(batch=batch).exists()


def test_numbers_and_fields_of_a_body_are_taken_as_they_are(rita, batch):
    batches = f"projects/{batch.project_id}/batches"
    for body in (b'{"overlap":"1_000"}', b'{"overlap":"\xef\xbc\x91\xef\xbc\x92"}'):
        answer = rita.upload(batches, body, "application/json")
        assert answer.status_code == 400
        assert "overlap" in answer.json()["details"]["fields"]
    twice = rita.upload(batches, b'{"price_micros":900000,"price_micros":1}', "application/json").json()
    assert (twice["code"], twice["details"]["field"]) == ("bad_value", "price_micros")
