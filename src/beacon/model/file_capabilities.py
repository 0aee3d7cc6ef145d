"""The capabilities that a file carries, as its attribute `security.capability` spells them."""

from __future__ import annotations

import struct

# struct vfs_cap_data of include/uapi/linux/capability.h: little-endian; two words in
# revisions 2 and 3.
_REVISION = 0xFF000000
_WORDS = {0x01000000: 1, 0x02000000: 2, 0x03000000: 2}
_EFFECTIVE = 1


def carried(attribute: bytes) -> int:
    """The capabilities (bit n: number n) that a process must be able to get to execute the file.

    0 where the file grants none at once, and for an attribute that the kernel would not take.
    """
    if len(attribute) < 4:
        return 0
    (magic,) = struct.unpack_from("<I", attribute)
    words = _WORDS.get(magic & _REVISION, 0)
    if not magic & _EFFECTIVE or len(attribute) < 4 + 8 * words:
        return 0
    permitted = (struct.unpack_from("<I", attribute, 4 + 8 * n)[0] for n in range(words))
    return sum(word << 32 * n for n, word in enumerate(permitted))
