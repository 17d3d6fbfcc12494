"""Run by test_convert_ray.py in a process of its own: a Ray cluster of two nodes on this machine."""

import sys

from ray.cluster_utils import Cluster

options = {
    "num_cpus": 1,
    "object_store_memory": 100_000_000,
    "include_dashboard": False,
    "temp_dir": sys.argv[1],
}
cluster = Cluster(initialize_head=True, head_node_args=options)
del options["include_dashboard"]
second = cluster.add_node(**options)
cluster.wait_for_nodes(timeout=120)
raylet = second.all_processes["raylet"][0].process
print(cluster.address, raylet.pid, flush=True)
sys.stdin.read()  # until the test ends
cluster.shutdown()
