"""Redis: the workload of a Redis or Valkey server."""
