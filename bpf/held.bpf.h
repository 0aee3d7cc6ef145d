/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The calls that need a capability to be held, and the one that reads the sets; what each shows. */
#ifndef HELD_BPF_H
#define HELD_BPF_H

#include "capability_sets.bpf.h"
#include "cred.bpf.h"
#include "exec.bpf.h"
#include "maps.bpf.h"
#include "syscall.bpf.h"

/* On the way into a system call that was let through. */
static __always_inline void held_enter(struct task_struct *task, const struct task_state *state)
{
	struct cap_sets *now;

	if (known_call(state->abi, state->nr) != CALL_CAPSET)
		return;
	now = bpf_task_storage_get(&cap_sets, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (now)
		read_cap_sets(now, task->cred);
}

/* On the way out of one. */
static __always_inline void held_exit(struct task_struct *task, struct task_state *state,
				      const struct pt_regs *regs, long ret)
{
	switch (known_call(state->abi, state->nr)) {
	case CALL_EXECVE:
		if (ret == -EPERM)
			count_failed_exec(task, state, first_argument(state->abi, regs));
		break;
	case CALL_EXECVEAT:
		if (ret == -EPERM)
			count_failed_exec(task, state, second_argument(state->abi, regs));
		break;
	case CALL_CAPGET:
		/* Without a place for the answer it only asks for the version. */
		if (!ret && second_argument(state->abi, regs))
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
