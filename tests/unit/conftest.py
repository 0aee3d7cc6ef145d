"""Unit tests say what holds, not how fast: a busy machine fails none of them."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("beacon", deadline=None)
settings.load_profile("beacon")
