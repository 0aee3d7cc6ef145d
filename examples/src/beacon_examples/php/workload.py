"""Drives PHP: as any web server first, then by the demo application's own pages.

The application is examples/php/app; without it in the container its checks fail.
"""

from __future__ import annotations

from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.http.workload import site_of
from beacon_examples.after_pages import AfterPages
from beacon_examples.php import SERVICE, dialogues, facts

_PAGES = Suite((facts.SUITE, dialogues.SUITE))
_PAGES.cleaning("cleaning up")(dialogues.clean)
#: Before our names, since the web server's checks have similar ones.
SUITE = Suite((_PAGES,), prefix="app: ")

WORKLOAD = AfterPages(
    SuiteWorkload(
        "php", SUITE, site_of, ports=SERVICE.ports, tls_ports=SERVICE.tls_ports, cleaning=2.0
    )
)
