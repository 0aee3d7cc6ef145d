"""Watches containers from the kernel."""
