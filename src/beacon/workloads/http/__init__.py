"""HTTP: the workload of a web server."""
