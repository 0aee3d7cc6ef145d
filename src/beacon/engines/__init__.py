"""Container engines: what starts, stops and inspects containers."""

from __future__ import annotations

import sys


def _import_docker() -> None:
    """Import Docker's SDK without its way to engines behind SSH, for which it imports paramiko.

    That is installed with the catalogue and takes 17 MiB. BeaCon watches this host's kernel, so an
    engine elsewhere is of no use.
    """
    if "paramiko" in sys.modules:
        return
    sys.modules["paramiko"] = None  # type: ignore[assignment]
    try:
        import docker  # noqa: F401
    finally:
        del sys.modules["paramiko"]


_import_docker()
