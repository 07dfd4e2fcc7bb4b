"""What the cluster does for tasks: load, call one verb. Each is safe to run twice."""

from uuid import UUID

from foundation import clock
from tasks import (
    appealing,
    asking,
    assigning,
    casework,
    correcting,
    drafting,
    gating,
    leaving,
    lost_time,
    measuring,
    onboarding_time,
    personal_data,
    practising,
    publishing,
    results,
    reviewing,
    sitting,
    sweeping,
    weighing,
)
from workforce import erasure


def expire_leases() -> int:
    """Every minute: end leases that have run out. A claim that finds nothing does not wait for this."""
    return assigning.expire_due(now=clock.now())


def settle_lost_time() -> int:
    """Every minute: credit what counts of the time at tasks that were given back or ran out."""
    return lost_time.settle_due(now=clock.now())


def weigh_gold() -> int:
    """Every minute: what became of gold, and whose accuracy is to be looked at. In a simulation, by the clocks of the answers."""
    simulated = clock.simulation_allowed()
    weighed = weighing.weigh_due(now=clock.now(), simulated=simulated)
    gating.look_due(now=clock.now(), simulated=simulated)
    return weighed


def put_gold_right() -> int:
    """Every minute: what rested on gold that was corrected or retired."""
    return correcting.apply_due(now=clock.now())


def end_undecided_cases() -> int:
    """Every ten minutes: cases that nobody decided in time; nothing happens to their workers."""
    return casework.lapse_due(now=clock.now())


def credit_onboarding() -> int:
    """Every minute: the time of finished steps that count as work."""
    return onboarding_time.credit_due(now=clock.now())


def accept_due(stated_instant: str | None = None) -> int:
    """Every five minutes: accept what nobody reviewed in time; in a simulation, by the instant stated."""
    return reviewing.accept_due(now=clock.instant_stated(stated_instant))


def accept_the_rest(acceptance_id: str) -> bool:
    """Once per bulk acceptance of more than a chunk: the chunks after the first."""
    return reviewing.accept_the_rest(UUID(acceptance_id), now=clock.now())


def continue_acceptances() -> int:
    """Every minute: bulk acceptances whose process was lost."""
    return reviewing.continue_acceptances(now=clock.now())


def end_silent_appeals(stated_instant: str | None = None) -> int:
    """Every ten minutes: let fall what was appealed and nobody answered or decided; in a simulation, by the instant stated."""
    return appealing.end_silent(now=clock.instant_stated(stated_instant))


def tell_of_guideline(guideline_id: str) -> int:
    """Once per version that changes meaning: tell whoever takes part in an open batch under it."""
    return asking.tell_of_guideline(UUID(guideline_id), now=clock.now())


def make_data_copy(copy_id: str) -> bool:
    """Make the copy of their data that a person asked for."""
    return personal_data.make(UUID(copy_id), now=clock.now())


def discard_data_copies() -> int:
    """Hourly: delete copies that are kept no longer."""
    return personal_data.discard(now=clock.now())


def erase_people() -> int:
    """Hourly: erase those whose waiting period is over."""
    return leaving.erase_due(now=clock.now())


def aggregate(run_id: str) -> None:
    """Run one aggregation."""
    results.execute_run(UUID(run_id), now=clock.now())


def requeue_lost_runs() -> int:
    """Every minute: no aggregation that was asked for is forgotten because a process died."""
    return results.due_again(now=clock.now())


def requeue_lost_copies() -> int:
    """Every minute: nor a copy of somebody's data."""
    return erasure.requeue_lost_copies(now=clock.now())


def measure_times() -> int:
    """Every ten minutes: what an answer really takes, for job lists and pay."""
    return measuring.measure_open_batches()


def finish_closing(batch_id: str) -> bool:
    """Once per large batch that is closed: cancel its tasks, then give its spare money back."""
    return publishing.finish_closing(UUID(batch_id), now=clock.now())


def finish_closings() -> int:
    """Every minute: what a killed process left half closed."""
    return publishing.finish_closings(now=clock.now())


def release_closed() -> int:
    """Daily: give requesters back what closed batches no longer need; returns the micros."""
    return publishing.release_closed(now=clock.now())


def sweep_files() -> int:
    """Daily: files that uploads left in the storage and no row names."""
    return sweeping.sweep(now=clock.now())


def discard_drafts() -> int:
    """Daily: drafts of work that has long been handed in."""
    return drafting.discard_old(now=clock.now())


def end_sittings() -> int:
    """Every minute: end sittings whose time is over, with the answers that were saved in them."""
    return sitting.end_due(now=clock.now())


def credit_lessons() -> int:
    """Every five minutes: credit the time in lessons that people have left."""
    return practising.credit_left(now=clock.now())
