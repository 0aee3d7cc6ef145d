"""What a client may take from a container, however much the container sends."""

from __future__ import annotations

#: Bytes that one attempt may receive by all its connections.
ATTEMPT_BYTES = 512 << 20
#: Bytes that the connections of one drive may receive together.
DRIVE_BYTES = 2 << 30
#: Bytes of memory that a client's process may write to: RLIMIT_DATA.
MEMORY = 100 << 20
#: The same for a program that a client's process starts; it has to raise its limit by itself.
PROGRAM_MEMORY = 384 << 20

#: Says that an attempt came to one of these limits. One text for both: which of them is reached
#: first is a matter of chance, and a detail shall be the same each time.
FLOODED = (
    f"the container sent too much: more than {ATTEMPT_BYTES >> 20} MiB, "
    f"or what does not fit into {MEMORY >> 20} MiB of memory"
)

#: Says that a drive came to its limit.
ENDLESS = f"not tried: the container sent more than {DRIVE_BYTES >> 30} GiB in all"
#: Says that a client's process ended before its time.
CRASHED = f"the client crashed, or needed more than {MEMORY >> 20} MiB of memory"
