"""A policy in the formats that enforce it."""
