"""MariaDB and MySQL: the workload of a database server."""
