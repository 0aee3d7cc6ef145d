"""Reads compose files: what their services need to run, and in which order they start."""
