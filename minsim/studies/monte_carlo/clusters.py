"""A Dask cluster as an executor: replications on other machines, with identical results.

Every worker needs the same version of minsim: another version would compute other numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any, NamedTuple

from minsim.errors import MinsimError, SimulationError
from minsim.studies.monte_carlo.store import program_version

CONNECT_SECONDS = 30


class Cluster(NamedTuple):
    """An executor, and the number of tasks it runs at a time."""

    executor: Executor
    jobs: int


@contextlib.contextmanager
def dask_cluster(scheduler: str) -> Iterator[Cluster]:
    """Connect to the workers of a Dask scheduler; disconnect on exit.

    Parameters
    ----------
    scheduler : str
        Its address, such as `tcp://10.0.0.1:8786`, or the file it wrote with `--scheduler-file`, ending in .json.

    Raises
    ------
    MinsimError
        Dask is not installed, the scheduler does not answer or has no workers, or a worker has another minsim.
    SimulationError
        A worker died repeatedly on the same replications.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
    except ImportError as error:
        raise MinsimError("a Dask cluster needs dask.distributed: pip install 'minsim[cluster]'") from error
    where = {"scheduler_file": scheduler} if scheduler.endswith(".json") else {"address": scheduler}
    try:
        client = Client(**where, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise MinsimError(f"no Dask scheduler answers at {scheduler}: {error or type(error).__name__}") from error
    with client:
        jobs = _slots(client, scheduler)
        try:
            yield Cluster(client.get_executor(pure=False), jobs)
        except (KilledWorker, FutureCancelledError) as error:
            raise SimulationError(
                f"the cluster at {scheduler} gave up: {error}. What was finished is kept in the folder, if one was given; "
                "the same command goes on where this one stopped"
            ) from error


def _slots(client: Any, scheduler: str) -> int:
    """Number of tasks that run at a time; raises unless every worker has this version of minsim."""
    threads: dict[str, int] = client.nthreads()
    if not threads:
        raise MinsimError(
            f"the Dask scheduler at {scheduler} has no workers; start some with `dask worker {scheduler}`"
        )
    try:
        versions: dict[str, str] = client.run(program_version)
    except ModuleNotFoundError as error:
        raise MinsimError(f"a worker of {scheduler} lacks a module: {error}; install minsim there") from error
    own = program_version()
    others = {worker: version for worker, version in versions.items() if version != own}
    if others:
        worker, version = next(iter(sorted(others.items())))
        raise MinsimError(
            f"{worker} has minsim {version}, this machine {own}: other numbers would come out; install the same there"
        )
    # Replications run one at a time within a process, so further threads of a worker would not help.
    return len(threads)
