"""ZooKeeper: the workload of a ZooKeeper server."""
