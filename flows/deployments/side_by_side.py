"""Work side by side on the workers of a Prefect task runner; what a dead worker left is done again."""

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextvars import copy_context
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock
from typing import Any, Self

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.running.engine import FEWEST_ROWS, Job, Result
from flows.running.request import Runner, Workers
from schemas.errors import ConfigurationError, WorkerLostError


class SideBySide:
    """The workers of a task runner, as long as they are needed; a pool that broke is replaced."""

    def __init__(self, workers: Workers) -> None:
        """Choose the runner.

        Raises:
            ConfigurationError: what it needs is not installed.
        """
        self._runner = _runner_for(workers)
        self._replacing = Lock()

    def __enter__(self) -> Self:
        self._started = self._runner.duplicate().__enter__()
        self._context = copy_context()
        return self

    def __exit__(self, *failure: object) -> None:
        self._started.__exit__(*failure)

    def endings(
        self, work: "Task[..., Any]", asked: Iterable[Mapping[str, object]]
    ) -> Iterator[object]:
        """Start all calls now; give in order what each returned or raised, as soon as it is there.

        What was lost with its worker is done once more, alone.
        """
        calls = [self._called(work, each) for each in asked]
        return (self._ending(call) for call in calls)

    def _called(self, work: "Task[..., Any]", asked: Mapping[str, object]) -> "_Call":
        # Prefect hands its context to the workers: the flow's, never that of a stage, which holds the run.
        submit = self._context.copy().run
        return _Call(work, asked, self._started, submit(self._started.submit, work, dict(asked)))

    def _ending(self, call: "_Call") -> object:
        for is_last in (False, True):
            try:
                return call.future.result()
            except _losses() as loss:
                self._replace_broken(call, loss)
            except Exception as error:  # noqa: BLE001 (the caller says what it means)
                return error
            if not is_last:
                call = self._called(call.work, call.asked)
        return WorkerLostError(
            "処理が二度落ちました。メモリ不足でないか確かめて、もう一度実行してください / "
            "its worker died twice: look for a lack of memory, and run this again"
        )

    def _replace_broken(self, call: "_Call", loss: BaseException) -> None:
        """Replace a pool none of whose workers is left, once for all who were in it."""
        if not isinstance(loss, BrokenProcessPool):
            return
        with self._replacing:
            if call.runner is self._started:
                self._started.__exit__(None, None, None)
                self._started = self._runner.duplicate().__enter__()


@dataclass(frozen=True)
class _Call:
    work: "Task[..., Any]"
    asked: Mapping[str, object]
    runner: "TaskRunner[Any]"
    future: Any


@dataclass(frozen=True)
class Partitioned:
    """Splits large tables, and has the workers do the parts, each as a task run."""

    workers: SideBySide
    parts: int
    fewest_rows: int = FEWEST_ROWS

    def map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Start all jobs now; give their results in order.

        Raises:
            WorkerLostError: a worker died twice over the same job.
        """
        found = self.workers.endings(do_part, [{"work": work, "part": part} for part in jobs])
        return map(_result, found)


@task(
    name="part", task_run_name="{work.__name__} {part}", cache_policy=NO_CACHE, persist_result=False
)
def do_part(work: Callable[[Job], Result], part: Job) -> Result:
    """Do one part of a large job."""
    return work(part)


def _result(ending: Any) -> Any:  # noqa: ANN401 (what the work returns)
    if isinstance(ending, Exception):
        raise ending
    return ending


def _runner_for(workers: Workers) -> "TaskRunner[Any]":
    count = workers.count or os.cpu_count() or 1
    if workers.runner is Runner.PROCESSES:
        return ProcessPoolTaskRunner(max_workers=count)
    if workers.runner is Runner.THREADS:
        return ThreadPoolTaskRunner(max_workers=count)
    if find_spec("prefect_dask") is None:
        raise ConfigurationError(
            "--runner dask には追加の部品が要ります / "
            "--runner dask needs the extra of that name: pip install 'joint-use-export[dask]'"
        )
    dask = importlib.import_module("prefect_dask")
    runner: TaskRunner[Any] = dask.DaskTaskRunner(address=workers.scheduler)
    return runner


def _losses() -> tuple[type[BaseException], ...]:
    """Name what runners raise when a worker died."""
    if find_spec("distributed") is None:
        return (BrokenProcessPool,)
    return (BrokenProcessPool, importlib.import_module("distributed").KilledWorker)
