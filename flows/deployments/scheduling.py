"""Whether it was the schedule that asked, and for which month; for a shop's run and for a group's."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import prefect.runtime
from prefect.context import FlowRunContext

from flows.running.clock import utc_now
from transforms.period import Month

_of_scheduled_group = ContextVar("of_scheduled_group", default=False)
_of_group = ContextVar("of_group", default=False)


def was_scheduled() -> bool:
    """Tell whether the scheduler created this run, or that of its group; every other run is somebody's."""
    context = FlowRunContext.get()
    is_its_own = bool(context and context.flow_run and context.flow_run.auto_scheduled)
    return is_its_own or _of_scheduled_group.get()


@contextmanager
def for_group(*, is_scheduled: bool) -> Iterator[None]:
    """Run what is inside for a group, whose run the scheduler created or not."""
    tokens = _of_scheduled_group.set(is_scheduled), _of_group.set(True)
    try:
        yield
    finally:
        _of_scheduled_group.reset(tokens[0])
        _of_group.reset(tokens[1])


def is_of_group() -> bool:
    """Tell whether this run is of one shop of a group, whose server keeps the runs of all."""
    return _of_group.get()


def scheduled_month() -> str:
    """Give the month before this run's scheduled start, however late it starts."""
    start = prefect.runtime.flow_run.scheduled_start_time or utc_now()
    return str(Month.before(start))
