"""The same as `workers`, with the nodes of a Ray cluster: Ray Data hands out the work."""

import logging
import os
import pickle
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

from shared.errors import InputError
from shared.workers import Job, Result, Workers

# Jobs are given to Ray as many at a time, and so many bytes, since Ray holds all that it is given
WAVE_JOBS = 4000
WAVE_BYTES = 2**26
# Of each task, since to hand one out takes Ray some milliseconds
MAX_TASK_JOBS = 8
# What a cluster of our own has for jobs and results; Ray would take a third of the memory
STORE_BYTES = 2**28
Row = Dict[str, bytes]
_started: Optional[Tuple[Callable[..., None], Tuple[Any, ...]]] = None  # in a process of Ray's


class RayWorkers(Workers):
    """All CPUs of the cluster of `connected`, for the length of a `with` statement.

    A job that is lost with its node is done again on another one. So it must be possible to do
    a job twice, and what it reads and writes must be on storage that all nodes see.

    n_process (int): Not used: there are as many processes as the cluster has CPUs.
    start (Callable): What each process does first. A function of a module, like those to `map`.
    *args (Any): What to pass to it.
    """

    def __enter__(self) -> "RayWorkers":
        return self

    def map(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Do jobs, reading only some ahead.

        function (Callable): What to do with a job.
        jobs (Iterable): The jobs.
        YIELDS (Any): The results in the order of the jobs.
        RAISES (InputError): If a job does, or a node can't read what it must.
        """
        import ray.data

        for wave in _waves(jobs):
            n_cpus = int(ray.cluster_resources().get("CPU", 1))
            # Small inputs need small tasks, or some CPUs would have none
            task_jobs = max(1, min(MAX_TASK_JOBS, len(wave) // (8 * n_cpus)))
            data = ray.data.from_items(wave, override_num_blocks=-(-len(wave) // task_jobs))
            arguments = (function, self.start, self.args)
            task: Any = _do  # Ray's types are for functions of one argument
            for row in data.map(task, fn_args=arguments).iter_rows():
                result = pickle.loads(row["result"])
                if isinstance(result, InputError):
                    raise result
                yield result


def _waves(jobs: Iterable[Any]) -> Iterator[List[Row]]:
    wave: List[Row] = []
    size = 0
    for job in jobs:
        pickled = pickle.dumps(job)
        wave.append({"job": pickled})
        size += len(pickled)
        if len(wave) == WAVE_JOBS or size > WAVE_BYTES:
            yield wave
            wave, size = [], 0
    if wave:
        yield wave


def _do(
    row: Row, function: Callable[[Any], Any], start: Callable[..., None], args: Tuple[Any, ...]
) -> Row:
    """Do a job in a process of Ray's, which lives on and does many."""
    global _started
    try:
        if _started != (start, args):
            start(*args)
            _started = (start, args)
        result = function(pickle.loads(row["job"]))
    except InputError as error:
        result = error
    except OSError as error:
        result = InputError(
            f"A node of the cluster can't read or write: {error}",
            remedy="All nodes must see the texts and the project under the same paths.",
        )
    return {"result": pickle.dumps(result)}


@contextmanager
def connected(address: str, n_cpus: int) -> Iterator[None]:
    """Connect to a Ray cluster, or start one on this machine that only this machine can reach.

    address (str): "auto" for the cluster that this machine is a node of, or "HOST:PORT"; "local"
        starts one.
    n_cpus (int): The number of CPUs of one that is started.
    RAISES (InputError): If Ray is not installed, or there is no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # The modules travel to the nodes; a node needs Python and the requirements, but no project
    modules = {"working_dir": str(Path(__file__).parents[1]), "excludes": ["__pycache__"]}
    options: Dict[str, Any] = {"address": address}
    if address == "local":
        # Ray's name for: no other machines. It then listens on 127.0.0.1 alone.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        options = {
            "address": "local",
            "num_cpus": n_cpus,
            "object_store_memory": STORE_BYTES,
            "include_dashboard": False,
        }
    elif address != "auto":
        _check_reachable(address)
    try:
        import ray.data  # only now, since it looks at the environment
    except ImportError:
        raise InputError(
            "Ray is not installed", remedy="python -m pip install -r requirements-ray.txt"
        ) from None
    try:
        ray.init(**options, runtime_env=modules, log_to_driver=False, logging_level=logging.WARNING)
    except (OSError, RuntimeError, ValueError) as error:
        raise _no_cluster(address, error) from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise an InputError if nothing listens at an address, where Ray would wait for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> InputError:
    return InputError(
        f"Can't connect to a Ray cluster at '{address}': {error}",
        remedy="Set vars.ray_address to auto on a node of the cluster, to its HOST:PORT, or to "
        "local to start one here.",
    )
