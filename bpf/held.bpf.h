/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The calls that need a capability to be held, and the one that reads the sets; what each shows. */
#ifndef HELD_BPF_H
#define HELD_BPF_H

#include "capability_sets.bpf.h"
#include "cred.bpf.h"
#include "exec.bpf.h"
#include "maps.bpf.h"
#include "syscall.bpf.h"

enum held_call {
	CALL_OTHER,
	CALL_EXECVE,
	CALL_EXECVEAT,
	CALL_CAPGET,
	CALL_CAPSET,
	CALL_PRCTL,
};

/* arch/x86/entry/syscalls/syscall_{64,32}.tbl */
static __always_inline enum held_call get_held_call(const struct task_state *state)
{
	if (state->abi == ABI_I386) {
		switch (state->nr) {
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
	switch (state->nr) {
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
	}
	return CALL_OTHER;
}

/* On the way into a system call that was let through. */
static __always_inline void held_enter(struct task_struct *task, const struct task_state *state)
{
	struct cap_sets *now;

	if (get_held_call(state) != CALL_CAPSET)
		return;
	now = bpf_task_storage_get(&cap_sets, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (now)
		read_cap_sets(now, task->cred);
}

/* On the way out of one. */
static __always_inline void held_exit(struct task_struct *task, struct task_state *state,
				      const struct pt_regs *regs, long ret)
{
	switch (get_held_call(state)) {
	case CALL_EXECVE:
		if (ret == -EPERM)
			count_failed_exec(task, state, first_argument(state, regs));
		break;
	case CALL_EXECVEAT:
		if (ret == -EPERM)
			count_failed_exec(task, state, second_argument(state, regs));
		break;
	case CALL_CAPGET:
		/* Without a place for the answer it only asks for the version. */
		if (!ret && second_argument(state, regs))
			mark_informed(task, state);
		break;
	case CALL_CAPSET:
		count_capset(task, state, regs, ret);
		break;
	case CALL_PRCTL:
		count_ambient_raise(task, state, regs, ret);
		break;
	default:
		break;
	}
}

#endif
