"""Memcached: the workload of a memcached server."""
