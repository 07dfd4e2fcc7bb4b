"""A job that fails is tried again, with growing pauses, up to a bound; then an operator hears of it. Through the queue's own worker."""

import queue
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import Value
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_q.brokers import get_broker
from django_q.models import Failure, OrmQ
from django_q.monitor import monitor
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from django_q.worker import worker

from config.processes import Cluster
from config.schedules import TABLE
from foundation import queueing
from foundation.models import AuditEntry, FailedJob
from foundation.queueing import PAUSES, TRIES_MAX, enqueue
from tests import builders
from tests.repo.test_the_code_itself import sources
from workforce import members
from workforce.models import MemberInvitation, User

# Every job that is enqueued: why it may run again, and the schedule that also takes care of it where its process is killed.
ENQUEUED = {
    "tasks.jobs.accept_the_rest": ("what is accepted is accepted", "tasks.jobs.continue_acceptances"),
    "tasks.jobs.accept_due": ("what is accepted is accepted", "tasks.jobs.accept_due"),
    "tasks.jobs.aggregate": ("one process runs a run", "tasks.jobs.requeue_lost_runs"),
    "tasks.jobs.finish_closing": ("an empty batch is empty", "tasks.jobs.finish_closings"),
    "tasks.jobs.make_data_copy": ("one process makes a copy", "tasks.jobs.requeue_lost_copies"),
    "tasks.jobs.measure_times": ("it measures anew", "tasks.jobs.measure_times"),
    "tasks.jobs.tell_of_guideline": ("a notice has a key", None),
    "tasks.jobs.weigh_gold": ("each score is weighed once", "tasks.jobs.weigh_gold"),
    "workforce.jobs.mail_invitation": ("mailing.send_once", None),
    "workforce.jobs.send_email_code": ("mailing.send_once", None),
    "workforce.jobs.send_recovery_mail": ("a second mail only where a process dies in between", None),
    "workforce.jobs.send_token_mail": ("mailing.send_once", None),
    "workforce.jobs.tell_of_agreement": ("a notice has a key", None),
    "workforce.jobs.tell_of_sign_up": ("once an hour for each owner", None),
}


def run_due() -> int:
    """What is due on the queue, through the queue's own broker, worker and monitor; returns how many jobs."""
    broker, tasks, results = get_broker(), queue.Queue(), queue.Queue()
    count = 0
    while OrmQ.objects.filter(lock__lt=datetime.now(UTC)).exists():
        for ack_id, package in broker.dequeue() or []:
            tasks.put(SignedPackage.loads(package) | {"ack_id": ack_id, "cluster": "fairhand"})
            count += 1
    tasks.put("STOP")
    worker(tasks, results, Value("d", -1))
    results.put("STOP")
    monitor(results, broker)
    return count


def pause_is_over() -> timedelta:
    """As if the pause of the one job on the queue had passed; returns how long it was to be."""
    [row] = OrmQ.objects.all()
    OrmQ.objects.update(lock=datetime.now(UTC) - timedelta(seconds=1))
    return row.lock - FailedJob.objects.get().failed_at


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch) -> None:
    """Between two jobs the queue closes connections; the transaction of a test lives in its one."""
    for module in ("worker", "monitor"):
        monkeypatch.setattr(f"django_q.{module}.close_old_django_connections", lambda: None)


@pytest.fixture
def invitation(rita) -> MemberInvitation:
    OrmQ.objects.all().delete()
    return members.invite(rita.actor, rita.organization.id, email="new@example.org", role="viewer", now=rita.now)


@pytest.fixture
def mail_is_down(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # discard: nobody listens


def mail_is_back(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


# ---- which jobs ----


def test_every_job_that_is_enqueued_is_known_with_what_repeats_it():
    named = {job for path in sources() for job in re.findall(r"enqueue\(\s*\"([\w.]+)\"", path.read_text())}
    assert named == set(ENQUEUED)
    assert {net for _, net in ENQUEUED.values() if net} <= {job for _, job, _ in TABLE}
    past_the_wrapper = [path.name for path in sources() if "async_task" in path.read_text() and path.name != "queueing.py"]
    assert past_the_wrapper == []


@pytest.mark.django_db
@pytest.mark.parametrize("job", sorted(ENQUEUED))
def test_each_stays_on_the_queue_when_it_fails(job):
    OrmQ.objects.all().delete()
    enqueue(job, "no id", "too", "many")
    assert run_due() == 1
    assert OrmQ.objects.get().lock > datetime.now(UTC)
    failed = FailedJob.objects.get()
    assert (failed.job, failed.args, failed.tries, failed.error) == (job, ["no id", "too", "many"], 1, "TypeError")


@pytest.mark.django_db
def test_what_the_clock_repeats_is_not_kept():
    OrmQ.objects.all().delete()
    async_task("workforce.jobs.send_notices", "too many", q_options={"group": "mail notices"})
    assert run_due() == 1
    assert not OrmQ.objects.exists()
    assert not FailedJob.objects.exists()


# ---- again, and up to a bound ----


@pytest.mark.usefixtures("mail_is_down")
def test_an_invitation_survives_a_mail_server_that_is_down(invitation, settings):
    assert run_due() == 1
    assert run_due() == 0, "not at once"
    invitation.refresh_from_db()
    assert (invitation.mailed, invitation.mail_taken_at) == (False, None), "not noted before it was sent"
    assert pause_is_over() == PAUSES[0]
    mail_is_back(settings)
    assert run_due() == 1
    assert [message.to for message in mail.outbox] == [["new@example.org"]]
    assert MemberInvitation.objects.get().mailed
    assert (OrmQ.objects.count(), FailedJob.objects.count()) == (0, 0)


@pytest.mark.usefixtures("mail_is_down", "invitation")
def test_the_pauses_grow_and_the_last_failure_is_told(caplog):
    pauses = []
    for _ in range(TRIES_MAX - 1):
        assert run_due() == 1
        assert Client().get("/api/readyz").json()["failed_jobs"] == {"waiting": 1, "given_up": 0}
        pauses.append(pause_is_over())
    assert pauses == list(PAUSES) == sorted(PAUSES)
    assert sum(pauses, timedelta()) > timedelta(hours=3)
    assert run_due() == 1
    assert not OrmQ.objects.exists()
    row = FailedJob.objects.get()
    assert (row.tries, row.next_at, row.error) == (TRIES_MAX, None, "ConnectionRefusedError")
    [told] = [record for record in caplog.records if record.name == "foundation.queueing"]
    assert told.levelname == "ERROR"
    assert "workforce.jobs.mail_invitation" in told.getMessage()
    answer = Client().get("/api/readyz")
    assert (answer.status_code, answer.json()["failed_jobs"]) == (503, {"waiting": 0, "given_up": 1})


@pytest.mark.usefixtures("mail_is_down")
def test_an_operator_runs_again_what_was_given_up_or_lets_it_go(invitation, settings):
    staff = Client()
    staff.force_login(User.objects.create_superuser("admin@example.org"))
    page = reverse("admin:foundation_failedjob_changelist")

    def act(action: str, job: FailedJob) -> None:
        staff.post(page, {"action": action, "_selected_action": [job.pk]}, secure=True)

    run_due()
    row = FailedJob.objects.get()
    for action in ("run_again", "let_go"):
        act(action, row)
        assert (OrmQ.objects.count(), FailedJob.objects.count()) == (1, 1), "it waits for its next try"
    for _ in range(TRIES_MAX - 1):
        pause_is_over()
        run_due()
    assert "workforce.jobs.mail_invitation" in staff.get(page, secure=True).content.decode()
    mail_is_back(settings)
    act("run_again", row)
    assert run_due() == 1
    act("run_again", row)
    assert (run_due(), len(mail.outbox), FailedJob.objects.count()) == (0, 1, 0)
    lost = FailedJob.objects.create(
        id="x", job="workforce.jobs.send_notices", tries=5, failed_at=invitation.created_at, error="E"
    )
    act("let_go", lost)
    assert (OrmQ.objects.count(), FailedJob.objects.count()) == (0, 0)
    assert list(AuditEntry.objects.order_by("number").values_list("action", flat=True))[-2:] == ["job.run_again", "job.let_go"]


@pytest.mark.usefixtures("mail_is_down", "invitation")
def test_where_the_failure_cannot_be_noted_the_job_stays(monkeypatch):
    def fails(*args, **more):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(queueing, "_note_failure", fails)
    assert run_due() == 1
    assert OrmQ.objects.get().lock > datetime.now(UTC)


@pytest.mark.usefixtures("mail_is_down", "invitation")
def test_what_the_queue_keeps_of_failures_goes_after_a_month(now):
    run_due()
    stopped = Failure.objects.get().stopped
    assert queueing.forget_failures(now=stopped + timedelta(days=29)) == 0
    assert queueing.forget_failures(now=stopped + timedelta(days=31)) == 1


@pytest.mark.django_db
def test_a_job_that_takes_its_process_with_it_is_given_up_after_as_many_tries():
    """`sys.exit` goes past all that the worker catches: as far as the queue knows, the process was killed."""
    OrmQ.objects.all().delete()
    enqueue("sys.exit", "killed")
    for n in range(TRIES_MAX):
        assert queueing.failing() == {"waiting": int(n > 1), "given_up": 0}, "a first try that runs is no failure"
        OrmQ.objects.update(lock=datetime(2026, 1, 1, tzinfo=UTC))  # the queue's own `retry` is over
        with pytest.raises(SystemExit):
            run_due()
        assert OrmQ.objects.count() == int(n < TRIES_MAX - 1)
    assert queueing.failing() == {"waiting": 1, "given_up": 0}, "the last try may still run"
    FailedJob.objects.update(next_at=datetime(2026, 1, 1, tzinfo=UTC))
    row = FailedJob.objects.get()
    assert (row.job, row.tries, row.error) == ("sys.exit", TRIES_MAX, queueing.LOST)
    assert queueing.failing() == {"waiting": 0, "given_up": 1}
    assert queueing.forget_failures(now=datetime.now(UTC)) == 0
    assert queueing.run_again(row.id, actor_id=uuid4(), now=datetime.now(UTC))


def started(ack_id: int) -> dict:
    task = {"id": "a" * 32, "func": "workforce.jobs.mail_invitation", "args": ("x",), "ack_id": ack_id}
    queueing.note_start(task=task)
    return task


@pytest.mark.usefixtures("invitation")
def test_of_a_job_that_another_copy_finished_nothing_is_kept():
    ack_id = OrmQ.objects.get().id
    one, other = started(ack_id), started(ack_id)
    queueing.note_end(task=other | {"success": True, "result": None})
    OrmQ.objects.all().delete()  # the monitor takes what succeeded off
    failed = one | {"success": False, "result": "x"}
    queueing.note_end(task=failed)
    assert failed["ack_failure"]
    assert not FailedJob.objects.exists()


@pytest.mark.usefixtures("invitation")
def test_a_job_whose_good_end_could_not_be_noted_is_forgotten_a_day_later():
    started(OrmQ.objects.get().id)
    started(OrmQ.objects.get().id)
    assert queueing.failing() == {"waiting": 1, "given_up": 0}
    FailedJob.objects.update(next_at=datetime.now(UTC) - timedelta(hours=25))
    queueing.forget_failures(now=datetime.now(UTC))
    assert not FailedJob.objects.exists()


# ---- the real cluster, and a mail server that refuses first ----


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mail as SMTP has it (RFC 5321), after refusing so many callers."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, *, refuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.refuses, self.callers, self.taken = refuses, 0, []


class Session(socketserver.StreamRequestHandler):
    """One caller."""

    def handle(self) -> None:
        self.server.callers += 1
        if self.server.callers <= self.server.refuses:
            self.wfile.write(b"421 not now\r\n")
            return
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.taken.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer(refuses=1) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 90
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert is_so()


@pytest.mark.timeout(240)
def test_the_cluster_sends_the_invitation_once_the_mail_server_takes_it(committed_db, mail_server, monkeypatch, now):
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    address = f"smtp://127.0.0.1:{mail_server.server_address[1]}"
    environment = {"DATABASE_URL": url, "FAIRHAND_DEBUG": "1", "FAIRHAND_SIMULATION": "1", "EMAIL_URL": address}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    rita = builders.requester("rita", now=now)
    OrmQ.objects.all().delete()  # the mail about her token
    row = members.invite(rita.actor, rita.organization.id, email="new@example.org", role="viewer", now=now)
    with Cluster():
        wait_until(lambda: FailedJob.objects.filter(tries=1).exists())
        assert mail_server.taken == []
        assert not MemberInvitation.objects.get(id=row.id).mailed
        wait_until(lambda: OrmQ.objects.filter(lock=FailedJob.objects.get().next_at).exists())
        OrmQ.objects.filter(lock=FailedJob.objects.get().next_at).update(lock=datetime.now(UTC))  # the pause is over
        wait_until(lambda: mail_server.taken)
        wait_until(lambda: MemberInvitation.objects.get(id=row.id).mailed)
        wait_until(lambda: not FailedJob.objects.exists())
    [message] = mail_server.taken
    assert "new@example.org" in message
