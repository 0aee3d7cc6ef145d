"""Optional client libraries: asked for when a workload is chosen, not when BeaCon starts."""

from __future__ import annotations

from importlib import import_module

from beacon.workloads.interface import MissingClientError


def require(module: str, extra: str) -> None:
    """Import `module`; MissingClientError that names the extra if it is not installed."""
    try:
        import_module(module)
    except ImportError as error:
        raise MissingClientError(
            f"the {extra} workload needs the Python package {module}: "
            f"pip install 'beacon-policy[{extra}]'"
        ) from error
