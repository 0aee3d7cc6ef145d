"""Writes what came of a check for those who read it: people, pull requests, CI servers."""
