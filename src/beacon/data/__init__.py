"""Tables with provenance."""
