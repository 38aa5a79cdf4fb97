"""What a server of `joint-use serve` needs before it has deployments: a pool for them, and no dead runs.

As a program of its own: the server that answers is the one of the environment. In one process, since
loading Prefect takes longer than all it does, and by Prefect's client, whose command line looks on the
internet for kinds of pools.
"""

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.workers.process import ProcessWorker

from flows.deployments.burying import bury_deployed
from flows.deployments.names import POOL


def make_pool() -> None:
    """Make the pool of processes, or set it as it has to be."""
    pool = WorkPoolCreate(
        name=POOL,
        type=ProcessWorker.type,
        base_job_template=ProcessWorker.get_default_base_job_template(),
    )
    with get_client(sync_client=True) as client:
        client.create_work_pool(pool, overwrite=True)


if __name__ == "__main__":
    make_pool()
    # What an earlier worker left behind would keep all later runs waiting.
    bury_deployed()
