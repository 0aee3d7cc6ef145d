"""Errors of the guest harness."""

from __future__ import annotations


class GuestError(Exception):
    """The guest could not be prepared or gave no result; the message says why and what to do."""
