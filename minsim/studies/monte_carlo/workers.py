"""Worker processes: single-threaded libraries, ignore SIGINT, exit when the parent exits.

Nothing heavy is imported here: a worker must limit the threads of its libraries before it imports them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import connection
from typing import Any, TypeVar

from minsim.errors import SimulationError

T = TypeVar("T")
Task = tuple[Callable[..., T], tuple[Any, ...]]
"""A module-level function, and its arguments."""

_THREADS = (
    "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS",
)  # fmt: skip
ONE_THREAD = dict.fromkeys(_THREADS, "1")
QUEUED_PER_WORKER = 2
"""Tasks submitted ahead for each worker; more would only use memory."""
_ONE_TASK = threading.Lock()


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results_of(tasks: Iterable[Task[T]], jobs: int, executor: Executor | None = None) -> Generator[T, None, None]:
    """Yield results of tasks, in the order in which they finish.

    Parameters
    ----------
    tasks : iterable of (function, arguments)
        Consumed lazily.
    jobs : int
        Worker processes; 1 computes in this process.
    executor : Executor, optional
        Submit the tasks to this executor instead, which runs `jobs` of them at a time.

    Raises
    ------
    SimulationError
        If a worker process died.
    """
    if executor is not None:
        yield from _submitted(executor, iter(tasks), jobs)
    elif jobs == 1:
        yield from (function(*arguments) for function, arguments in tasks)
    else:
        with worker_pool(jobs) as pool:
            yield from _submitted(pool, iter(tasks), jobs)


def _submitted(executor: Executor, tasks: Iterator[Task[T]], jobs: int) -> Iterator[T]:
    """Keep an executor busy with a bounded queue of tasks."""
    pending: set[Future[T]] = set()
    try:
        while True:
            with _worker_defaults():
                for function, arguments in islice(tasks, QUEUED_PER_WORKER * jobs - len(pending)):
                    pending.add(executor.submit(run_exclusively, function, arguments))
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool:
        raise SimulationError(
            "a worker process died: killed, or out of memory. What was finished is kept in the folder, if one was "
            "given; the same command goes on where this one stopped"
        ) from None
    finally:
        for future in pending:
            future.cancel()


def run_exclusively(function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Run a task while no other thread of this process runs one: replications of one experiment share its network."""
    with _ONE_TASK:
        return function(*arguments)


@contextlib.contextmanager
def shared_executor(jobs: int, executor: Executor | None = None) -> Iterator[Executor | None]:
    """An executor for several rounds of tasks: the one given, a new process pool, or none for a single job."""
    if executor is not None or jobs == 1:
        yield executor
    else:
        with worker_pool(jobs) as pool:
            yield pool


@contextlib.contextmanager
def worker_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of spawned processes; an exception in the parent kills them at once."""
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=initialise_worker)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _worker_defaults() -> Iterator[None]:
    """Let processes started inside inherit one thread per library and a blocked SIGINT, which the parent handles."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    masks = hasattr(signal, "pthread_sigmask")
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else None
    try:
        yield
    finally:
        if previous is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, previous)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def initialise_worker() -> None:
    """Set up a worker: one thread per library, ignore SIGINT, exit when the parent exits."""
    os.environ.update(ONE_THREAD)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_with, args=(parent.sentinel,), daemon=True).start()


def _exit_with(parent: Any) -> None:
    """Exit as soon as the parent process has ended, for whatever reason."""
    connection.wait([parent])
    os.kill(os.getpid(), signal.SIGTERM)
