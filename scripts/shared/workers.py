"""Processes that share work, or one that does it alone, with the same results in the same order."""

import os
import signal
import sys
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, Callable, Deque, Iterable, Iterator, Optional, Type, TypeVar

from shared.errors import InputError

MAX_PROCESSES = 61  # Windows can't wait for more
Job = TypeVar("Job")
Result = TypeVar("Result")


class Workers:
    """Processes for the length of a `with` statement.

    n_process (int): How many. With one, all is done in this process.
    start (Callable): What each does first. A function of a module, like those to `map`.
    *args (Any): What to pass to it.
    """

    def __init__(self, n_process: int, start: Callable[..., None], *args: Any) -> None:
        self.n_process = n_process
        self.start = start
        self.args = args
        self.pool: Optional[ProcessPoolExecutor] = None

    def __enter__(self) -> "Workers":
        if self.n_process > 1:
            self.pool = ProcessPoolExecutor(
                self.n_process,
                # Spawned, not forked: a forked child could inherit a lock that nobody frees
                mp_context=get_context("spawn"),
                initializer=_start,
                initargs=(self.start, *self.args),
            )
        else:
            self.start(*self.args)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Do jobs, reading only a few ahead.

        function (Callable): What to do with a job.
        jobs (Iterable): The jobs.
        YIELDS (Any): The results in the order of the jobs.
        RAISES (InputError): If the system has killed a process.
        """
        if not self.pool:
            yield from map(function, jobs)
            return
        pending: Deque[Future] = deque()
        try:
            for job in jobs:
                pending.append(self._submit(function, job))
                if len(pending) > 2 * self.n_process:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool:
            _stop_writing(self.pool)
            raise InputError(
                "A process was killed",
                remedy="It may have run out of memory: set vars.n_process to a lower number.",
            ) from None

    def _submit(self, function: Callable[[Job], Result], job: Job) -> Future:
        assert self.pool
        try:
            return self.pool.submit(function, job)
        except OSError as error:  # one was killed while another one was being started
            raise BrokenProcessPool(str(error)) from error


def number_of_processes(n_process: int) -> int:
    """RETURNS (int): The number of processes, where -1 stands for one a core."""
    return min((os.cpu_count() or 1) if n_process < 0 else max(n_process, 1), MAX_PROCESSES)


def _stop_writing(pool: ProcessPoolExecutor) -> None:
    """Let a broken pool end. Before Python 3.11.5 it waits until a process that is no more has
    read what was being written to it: https://github.com/python/cpython/issues/94777"""
    if sys.version_info < (3, 11, 5):
        pool._call_queue._reader.close()  # type: ignore[attr-defined]


def _start(start: Callable[..., None], *args: Any) -> None:
    # Ctrl+C is the parent's business, or each process would print a traceback
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # If the parent is killed nobody would tell this process to end
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*args)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
