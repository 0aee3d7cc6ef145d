/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* AArch64, with programs of 32-bit arm (AArch32). */
#ifndef ARCH_ARM64_H
#define ARCH_ARM64_H

/*
 * arch/arm64/include/asm/ptrace.h: the registers are of a 32-bit program. The processor says so; the
 * thread's flag has had several numbers.
 */
#define PSR_MODE32_BIT 0x10
/* arch/arm/include/uapi/asm/unistd.h: the numbers that 32-bit arm keeps for itself begin here. */
#define ARM_PRIVATE 0xf0000

#define ABI_NATIVE ABI_AARCH64
#define ABI_32_BIT ABI_ARM
/* arch/arm64/kernel/entry.S, ret_from_fork: a fresh child goes to user space without a tracepoint. */
#define FORK_RETURN_IS_TRACED 0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* What user space may see of pt_regs, which begins with it; kprobes are given this. */
struct user_pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
};

struct pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
	u64 orig_x0;
	int syscallno;
};

struct thread_info {
	unsigned long flags;
};

#pragma clang attribute pop

static __always_inline long call_number(const struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline struct entry entry_of(const struct thread_info *thread,
					     const struct pt_regs *regs, long id)
{
	struct entry entry = {.nr = id, .abi = ABI_AARCH64};

	if (regs->pstate & PSR_MODE32_BIT) {
		entry.abi = ABI_ARM;
		/* They are counted at the end of those that have a place. */
		if (entry.nr - ARM_PRIVATE < LIMIT_NUMBERS - LIMIT_PRIVATE)
			entry.nr += LIMIT_PRIVATE - ARM_PRIVATE;
	}
	return entry;
}

/* The first register has the answer by the time that the call returns. */
static __always_inline u64 argument_at(const struct pt_regs *regs, u8 place)
{
	switch (place) {
	case 0:
		return regs->orig_x0;
	case 1:
		return regs->regs[1];
	case 2:
		return regs->regs[2];
	case 3:
		return regs->regs[3];
	case 4:
		return regs->regs[4];
	default:
		return regs->regs[5];
	}
}

static __always_inline u64 first_argument(u8 abi, const struct pt_regs *regs)
{
	return abi == ABI_ARM ? (u32)regs->orig_x0 : regs->orig_x0;
}

static __always_inline u64 second_argument(u8 abi, const struct pt_regs *regs)
{
	return abi == ABI_ARM ? (u32)regs->regs[1] : regs->regs[1];
}

static __always_inline u64 third_argument(const struct pt_regs *regs)
{
	return regs->regs[2];
}

/* scripts/syscall.tbl (before Linux 6.11 include/uapi/asm-generic/unistd.h), arch/arm/tools/syscall.tbl */
static __always_inline enum known_call known_call(u8 abi, u16 nr)
{
	if (abi == ABI_ARM) {
		switch (nr) {
		case 11:
			return CALL_EXECVE;
		case 387:
			return CALL_EXECVEAT;
		case 172:
			return CALL_PRCTL;
		case 184:
			return CALL_CAPGET;
		case 185:
			return CALL_CAPSET;
		}
		return CALL_OTHER;
	}
	switch (nr) {
	case 221:
		return CALL_EXECVE;
	case 281:
		return CALL_EXECVEAT;
	case 90:
		return CALL_CAPGET;
	case 91:
		return CALL_CAPSET;
	case 167:
		return CALL_PRCTL;
	case 52: /* fchmod; there is no chmod */
		return CALL_CHMOD;
	case 53:  /* fchmodat */
	case 452: /* fchmodat2 */
		return CALL_FCHMODAT;
	case 146:
		return CALL_SETUID;
	case 144:
		return CALL_SETGID;
	}
	return CALL_OTHER;
}

#endif
