"""Work side by side on the workers of a Prefect task runner; what a dead worker left is done again."""

import importlib
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.deployments.same_code import code_print, refuse_other_code
from flows.running.engine import FEWEST_ROWS, Job, Result
from flows.running.guarding import full_disk
from flows.running.request import Runner, Workers
from schemas.errors import (
    ConfigurationError,
    JointUseError,
    SchedulerLostError,
    UnexpectedError,
    WorkerLostError,
)

_PATIENCE_SECONDS = 20

_LOSSES = ("distributed.KilledWorker",)
"""What a cluster raises when workers died over a task."""

_PARTINGS = (
    *("distributed.client.FutureCancelledError", "distributed.client.ClosedClientError"),
    "distributed.comm.CommClosedError",
)
"""What is raised when its scheduler is gone."""

_UNREACHABLE = (
    "スケジューラ {scheduler} が応答しません。動いているか、つながるか確かめて、もう一度実行してください / "
    "the scheduler {scheduler} does not answer; is it running and within reach? Then run this again"
)
_LOST = (
    "スケジューラ {scheduler} とのつながりが切れました。始まった処理は、終わったか、続いていることがあります"
    "（`joint-use status` で確かめられます）。スケジューラを確かめて、もう一度実行してください / "
    "the scheduler {scheduler} is gone; what had begun may be done or still going on (see `joint-use "
    "status`). Look after the scheduler, then run this again"
)
_NO_WORKERS = (
    "スケジューラ {scheduler} に worker がいません。来るまで待ちます / "
    "the scheduler {scheduler} has no worker yet; waiting for one"
)


class SideBySide:
    """The workers of a task runner, as long as they are needed; a pool that broke is replaced."""

    def __init__(self, workers: Workers) -> None:
        """Choose the runner.

        Raises:
            ConfigurationError: what it needs is not installed.
        """
        self._runner = _runner_for(workers)
        self._scheduler = workers.scheduler if workers.runner is Runner.DASK else None
        self._replacing = threading.Lock()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if isinstance(self._runner, ProcessPoolTaskRunner):
                stack.enter_context(_one_server())
            if self._scheduler is not None:
                _refuse_unreachable(self._scheduler)
            self._started = self._runner.duplicate().__enter__()
            self._context = copy_context()
            self._entered = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        with self._entered:
            self._started.__exit__(*failure)

    def endings(
        self, work: "Task[..., Any]", asked: Iterable[Mapping[str, object]]
    ) -> Iterator[object]:
        """Start all calls now; give in order what each returned or raised, as soon as it is there.

        What was lost with its worker is done once more. A Dask cluster does so by itself, as often as its
        `allowed-failures` says.
        """
        calls = [self._called(work, each) for each in asked]
        return (self._ending(call) for call in calls)

    def _called(self, work: "Task[..., Any]", asked: Mapping[str, object]) -> "_Call":
        # Prefect hands its context to the workers: the flow's, never that of a stage, which holds the run.
        submit = self._context.copy().run
        try:
            future: Any = submit(self._started.submit, work, dict(asked))
        except _of_cluster(*_PARTINGS) as error:
            future = Future[Any]()
            future.set_exception(error)
        return _Call(work, asked, self._started, future)

    def _ending(self, call: "_Call") -> object:
        for is_last in (False, True):
            try:
                return call.future.result()
            except BrokenProcessPool:
                self._replace_broken(call)
            except _of_cluster(*_LOSSES):
                break
            except _of_cluster(*_PARTINGS):
                return SchedulerLostError(_LOST.format(scheduler=self._scheduler))
            except Exception as error:  # noqa: BLE001 (the caller says what it means)
                return error
            if not is_last:
                call = self._called(call.work, call.asked)
        return WorkerLostError(
            "処理が何度も落ちました。メモリ不足でないか確かめて、もう一度実行してください / "
            "its worker died more than once: look for a lack of memory, and run this again"
        )

    def _replace_broken(self, call: "_Call") -> None:
        """Replace a pool none of whose workers is left, once for all who were in it."""
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
            WorkerLostError: workers died over the same job.
        """
        calls = [{"work": work, "part": part, "code": code_print()} for part in jobs]
        found = self.workers.endings(do_part, calls)
        return map(_result, found)


@task(
    name="part", task_run_name="{work.__name__} {part}", cache_policy=NO_CACHE, persist_result=False
)
def do_part(work: Callable[[Job], Result], part: Job, code: str) -> Result:
    """Do one part of a large job; a program's failure quotes no data, for Prefect keeps what is raised here.

    Raises:
        UnexpectedError: naming the kind and the place of the failure.
        JointUseError: the disk is full, or the worker runs other code (`same_code.code_print`).
    """
    end_with_parent()
    os.umask(0o077)
    try:
        refuse_other_code(code)
        return work(part)
    except JointUseError:
        raise
    except Exception as error:  # noqa: BLE001 (translated below, outside the handler)
        kind, last = type(error).__name__, traceback.extract_tb(error.__traceback__)[-1]
        failure = error.errno if isinstance(error, OSError) else None
    if disk := full_disk(failure):
        raise JointUseError(disk)
    place = f"{Path(last.filename).name}:{last.lineno}"
    raise UnexpectedError(
        f"分けて行った処理の一つが失敗しました（{kind}, {place}）。もう一度実行し、直らなければこの行を"
        "お知らせください / "
        f"one of the parts failed ({kind} at {place}); run this again, and report this line if it stays"
    )


@cache
def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, however that ended.

    Ctrl-C in their terminal is for that one to deal with.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _one_server() -> Iterator[None]:
    """Have workers use the server this process uses, instead of starting one each."""
    with get_client(sync_client=True) as client:
        url = str(client.api_url).rstrip("/")
    known = os.environ.get("PREFECT_API_URL")
    os.environ["PREFECT_API_URL"] = known or url
    try:
        yield
    finally:
        if known is None:
            del os.environ["PREFECT_API_URL"]


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


def _refuse_unreachable(scheduler: str) -> None:
    """Look for the scheduler before anything is begun; if it has no workers yet, say what is waited for.

    Raises:
        WorkerLostError: it does not answer.
    """
    distributed = importlib.import_module("distributed")
    for name in ("distributed", "distributed.client"):
        # What it would say in tracebacks when the scheduler dies is said in a line.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with distributed.Client(
            scheduler, timeout=_PATIENCE_SECONDS, set_as_default=False
        ) as client:
            has_workers = client.scheduler_info(n_workers=1)["workers"]
    except (OSError, ValueError):
        pass
    else:
        if not has_workers:
            get_run_logger().warning("%s", _NO_WORKERS.format(scheduler=scheduler))
        return
    raise WorkerLostError(_UNREACHABLE.format(scheduler=scheduler))


def _of_cluster(*names: str) -> tuple[type[BaseException], ...]:
    """Find the errors of these names (`module.Class`); none where no cluster can be."""
    if find_spec("distributed") is None:
        return ()
    split = (name.rpartition(".") for name in names)
    return tuple(getattr(importlib.import_module(module), error) for module, _, error in split)
