"""PostgreSQL: the workload of a database server and of its replication protocol."""
