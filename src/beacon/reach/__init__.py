"""System calls that an image's programs can make, found without running them.

In the manner of Confine (Ghavamnia et al., RAID 2020) and sysfilter (DeMarinis et al., RAID 2020):
functions that files import are mapped to system calls by the call graph of the image's own libc,
numbers are followed backwards from `syscall` instructions.

`inspection` reads an image's archive (`archive`, `packages`, `files`) and has each file analysed
(`pool`, `worker`, `cache`) into `facts`; `analysis` joins these for each scope (`scopes`,
`closure`, `libraries`, `programs`). All other modules are about the machine code of one file.
"""
