"""Optional client libraries: asked for when a workload is chosen, not when BeaCon starts."""

from __future__ import annotations

from importlib.util import find_spec

from beacon.workloads.interface import MissingClientError


def require(module: str, extra: str) -> None:
    """Find `module`; MissingClientError that names the extra if it is not installed.

    It is not imported: what drives a container is a process of its own.
    """
    try:
        found = find_spec(module) is not None
    except (ImportError, ValueError):  # its package is missing, or was taken out of sys.modules
        found = False
    if not found:
        raise MissingClientError(
            f"the {extra} workload needs the Python package {module}: "
            f"pip install 'beacon-policy[{extra}]'"
        )
