"""App: the workload of the catalogue's demo applications, whose HTTP API is one."""
