"""What the analysis of one file, and of one image, may take."""

from __future__ import annotations

#: Seconds of processor time for a file; a library of 104 MB takes 7, Docker's program, of Go, 3.
CPU_SECONDS = 120
#: Bytes of memory that the analysis of a file may write to: RLIMIT_DATA.
MEMORY = 1536 << 20
#: Bytes of what is found out about one file, and about all files of an image.
FACTS_BYTES, IMAGE_FACTS_BYTES = 16 << 20, 64 << 20
#: Seconds for all files of an image; those that come later are not analysed.
IMAGE_SECONDS = 600.0

#: Says that a file's analysis gave no answer.
FAILED = (
    f"not analysed: it takes more than {CPU_SECONDS} s or {MEMORY >> 20} MiB, "
    "or breaks the disassembler"
)
#: Says that an image's files are too many or too large.
LATE = f"not analysed: the image's files take longer than {IMAGE_SECONDS / 60:g} minutes"
#: Says that other files said too much.
LARGE = f"not analysed: more than {IMAGE_FACTS_BYTES >> 20} MiB were found in other files"
#: What may turn out better another time: it is not kept.
PASSING = frozenset({FAILED, LATE, LARGE})
