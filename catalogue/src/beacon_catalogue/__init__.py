"""The catalogue: what BeaCon knows of popular services, one folder for each.

BeaCon finds them by the entry points in the group `beacon.services`.
"""

__version__ = "0.2.0.dev0"
