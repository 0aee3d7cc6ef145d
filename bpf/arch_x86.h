/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* x86-64, with i386 and x32. */
#ifndef ARCH_X86_H
#define ARCH_X86_H

/* arch/x86/include/asm/thread_info.h: the call in flight came by the 32-bit ABI. */
#define TS_COMPAT 0x0002
/* arch/x86/include/uapi/asm/unistd.h */
#define X32_SYSCALL_BIT 0x40000000

#define ABI_NATIVE ABI_X86_64
/* Its arguments are elsewhere, or behind a pointer. */
#define ABI_32_BIT ABI_I386
/* A fresh child's return from fork leaves by the sys_exit tracepoint. */
#define FORK_RETURN_IS_TRACED 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct thread_info {
	u32 status;
};

#pragma clang attribute pop

static __always_inline long call_number(const struct pt_regs *regs)
{
	return regs->orig_ax;
}

static __always_inline struct entry entry_of(const struct thread_info *thread,
					     const struct pt_regs *regs, long id)
{
	struct entry entry = {.nr = id, .abi = ABI_X86_64};

	if (thread->status & TS_COMPAT) {
		entry.abi = ABI_I386;
	} else if (entry.nr & X32_SYSCALL_BIT) {
		entry.abi = ABI_X32;
		entry.nr &= ~X32_SYSCALL_BIT;
	}
	return entry;
}

/* An argument of a call by a 64-bit ABI. */
static __always_inline u64 argument_at(const struct pt_regs *regs, u8 place)
{
	switch (place) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

static __always_inline u64 first_argument(u8 abi, const struct pt_regs *regs)
{
	return abi == ABI_I386 ? (u32)regs->bx : regs->di;
}

static __always_inline u64 second_argument(u8 abi, const struct pt_regs *regs)
{
	return abi == ABI_I386 ? (u32)regs->cx : regs->si;
}

/* The same register for every ABI. */
static __always_inline u64 third_argument(const struct pt_regs *regs)
{
	return regs->dx;
}

/* arch/x86/entry/syscalls/syscall_{64,32}.tbl; of i386, those alone that also need a pointer. */
static __always_inline enum known_call known_call(u8 abi, u16 nr)
{
	if (abi == ABI_I386) {
		switch (nr) {
		case 11:
			return CALL_EXECVE;
		case 358:
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
	case 59:
	case 520: /* x32 */
		return CALL_EXECVE;
	case 322:
	case 545: /* x32 */
		return CALL_EXECVEAT;
	case 125:
		return CALL_CAPGET;
	case 126:
		return CALL_CAPSET;
	case 157:
		return CALL_PRCTL;
	case 90: /* chmod */
	case 91: /* fchmod */
		return CALL_CHMOD;
	case 268: /* fchmodat */
	case 452: /* fchmodat2 */
		return CALL_FCHMODAT;
	case 105:
		return CALL_SETUID;
	case 106:
		return CALL_SETGID;
	}
	return CALL_OTHER;
}

#endif
