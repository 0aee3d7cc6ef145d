"""Chooses the next environments from what was seen so far."""
