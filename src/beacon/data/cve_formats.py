"""The forms of others' files of CVEs: the parts that BeaCon reads, by the schemas' own names.

Sources: the JSON schemas of NVD's API 2.0 and feed 1.1, of CVE records 5.1, of CISA's catalogue.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, field

NOTHING = Raw(b"null")


class Vector(msgspec.Struct, rename="camel"):
    """A CVSS score; of it, only the vector counts here."""

    vector_string: str


class NvdMetric(msgspec.Struct, rename="camel"):
    """A score of NVD 2.0 and whose it is: an address or a UUID."""

    source: str
    cvss_data: Vector


class Nvd(msgspec.Struct, rename="camel"):
    """A CVE of NVD 2.0."""

    id: str
    metrics: dict[str, Raw] = {}
    last_modified: str = ""
    cisa_exploit_add: str | None = None


class OldImpact(msgspec.Struct):
    """An item's scores in NVD 1.1."""

    three: Raw = field(default=NOTHING, name="baseMetricV3")
    two: Raw = field(default=NOTHING, name="baseMetricV2")


class OldThree(msgspec.Struct):
    """Of any version 3."""

    cvss: Vector = field(name="cvssV3")


class OldTwo(msgspec.Struct):
    """Of version 2."""

    cvss: Vector = field(name="cvssV2")


class OldMeta(msgspec.Struct):
    """Where NVD 1.1 keeps the identifier."""

    id: str = field(name="ID")


class OldCve(msgspec.Struct):
    """The part of an item that has it."""

    meta: OldMeta = field(name="CVE_data_meta")


class OldNvd(msgspec.Struct, rename="camel"):
    """An item of NVD 1.1."""

    cve: OldCve
    impact: OldImpact = field(default_factory=OldImpact)
    last_modified_date: str = ""


class Meta(msgspec.Struct, rename="camel"):
    """A record's identifier and last change."""

    cve_id: str
    date_updated: str = ""


class Provider(msgspec.Struct, rename="camel"):
    """Whoever wrote a container."""

    short_name: str = "unnamed"


class Container(msgspec.Struct, rename="camel"):
    """What one provider says in a record."""

    provider_metadata: Provider = field(default_factory=Provider)
    metrics: list[Raw] = []


class Containers(msgspec.Struct):
    """The CNA and those who add to it (ADP)."""

    cna: Raw = NOTHING
    adp: list[Raw] = []


class Record(msgspec.Struct, rename="camel"):
    """A record of the CVE list, version 5."""

    cve_metadata: Meta
    containers: Containers


class Other(msgspec.Struct):
    """A metric that is no CVSS score: CISA marks exploited CVEs with the type `kev`."""

    type: str


class Metric(msgspec.Struct, kw_only=True):
    """One of a container's metrics; only one of the fields is there."""

    four: Vector | None = field(default=None, name="cvssV4_0")
    three_one: Vector | None = field(default=None, name="cvssV3_1")
    three: Vector | None = field(default=None, name="cvssV3_0")
    two: Vector | None = field(default=None, name="cvssV2_0")
    other: Other | None = None

    def vectors(self) -> list[str]:
        """The vectors that are there."""
        given = (self.four, self.three_one, self.three, self.two)
        return [vector.vector_string for vector in given if vector is not None]

    def exploited(self) -> bool:
        """Whether it says that CISA's catalogue has the CVE."""
        return self.other is not None and self.other.type == "kev"


class Exploited(msgspec.Struct):
    """An entry of CISA's catalogue."""

    id: str = field(name="cveID")


class Wrapped(msgspec.Struct):
    """How NVD 2.0 lists a CVE."""

    cve: Nvd


class Envelope(msgspec.Struct):
    """A file of NVD (2.0, 1.1, or the same repacked as `cve_items`) or CISA."""

    vulnerabilities: list[Raw] = []
    old_items: list[Raw] = field(default_factory=list, name="CVE_Items")
    items: list[Raw] = field(default_factory=list, name="cve_items")
