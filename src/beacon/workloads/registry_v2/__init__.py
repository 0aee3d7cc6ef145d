"""OCI distribution: the workload of a container registry."""
