/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What differs between processors: the registers of a call, its number and ABI, the numbers of the few
 * calls that the program looks into. Each architecture's header defines all that is named here.
 */
#ifndef ARCH_H
#define ARCH_H

/* The calls that are looked into, whatever their numbers are. */
enum known_call {
	CALL_OTHER,
	CALL_EXECVE,
	CALL_EXECVEAT,
	CALL_CAPGET,
	CALL_CAPSET,
	CALL_PRCTL,
	CALL_CHMOD,    /* also fchmod: the mode is the second argument */
	CALL_FCHMODAT, /* also fchmodat2: the mode is the third argument */
	CALL_SETUID,
	CALL_SETGID,
};

/* A call as the kernel took it. `nr` is as far as LIMIT_NUMBERS the ABI's own number. */
struct entry {
	u32 nr;
	u8 abi;
};

#if defined(__TARGET_ARCH_x86)
#include "arch_x86.h"
#elif defined(__TARGET_ARCH_arm64)
#include "arch_arm64.h"
#else
#error "no header for this architecture"
#endif

#endif
