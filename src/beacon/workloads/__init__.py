"""Real clients that drive a container from outside."""
