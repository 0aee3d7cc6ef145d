"""A name for an image that Kubernetes and compose accept."""

from __future__ import annotations

import hashlib
import re

#: Characters in an RFC 1123 label, which is what a container's name has to be.
_LIMIT = 63
_DIGITS = 8


def resource_name(reference: str) -> str:
    """The reference as an RFC 1123 label: `example/server:1` becomes `example-server-1`.

    A reference that is too long, or has nothing to make a label of, gets digits of its hash, so
    that no two of those become the same.
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    """
    label = re.sub("[^a-z0-9]+", "-", reference.lower()).strip("-")
    if label and len(label) <= _LIMIT:
        return label
    digits = hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{label[: _LIMIT - _DIGITS - 1].strip('-') or 'image'}-{digits}"
