"""Runs containers, watches them and keeps what was seen."""
