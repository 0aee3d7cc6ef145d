"""BeaCon profiles container images and writes policies that are proven to work."""

__version__ = "0.2.0.dev0"
