// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Counts the system calls and capability checks of containers ("targets",
 * named by cgroup), exactly: calls that a seccomp filter let through, calls that
 * it denied, and who made them. Everything is aggregated in maps; what
 * cannot be kept is counted in the slot's lost_* fields.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "argument_class.bpf.h"
#include "beacon.h"
#include "capability.bpf.h"
#include "check_by_arguments.bpf.h"
#include "check_by_outcome.bpf.h"
#include "held.bpf.h"
#include "maps.bpf.h"
#include "syscall.bpf.h"
#include "task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Puts the enums into the object's BTF, where user space reads them. */
const volatile struct {
	enum limit limit;
	enum phase phase;
	enum abi abi;
	enum holding holding;
	enum root_map root_map;
} vocabulary = {};

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = state_of(task);
	struct class_count *class;
	struct seen seen = {};

	if (!state)
		return 0;
	state->entered = 1;
	state->phase = PHASE_COUNT;
	state->overridden = 0;
	state->indifferent = NO_CAPABILITY;
	set_call(state, task, id);
	if (!task->seccomp.mode)
		return 0;
	if (!look(state, &seen))
		return 0;
	state->phase = seen.phase;
	__sync_fetch_and_add(&seen.event->count, 1);
	class = class_of(state, &seen, regs);
	if (class)
		__sync_fetch_and_add(&class->count, 1);
	held_entered(task, state);
	state->indifferent = indifferent(task, state, regs);
	return 0;
}

/*
 * seccomp judges before the sys_enter tracepoint, so a call that leaves without
 * having entered was denied, whatever was answered in its place. A fresh child's return
 * from fork and calls begun before the filter count as entered.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = known(task);
	struct class_count *class;
	struct seen seen = {};

	if (!state)
		return 0;
	if (state->asking)
		unanswered(state);
	if (state->entered) {
		if (task->seccomp.mode)
			held_left(task, state, regs, ret);
		opened(task, state, ret);
		state->entered = 0;
		returned(state, ret);
		return 0;
	}
	if (state->signalled) {
		state->signalled = 0;
		return 0;
	}
	if (!task->seccomp.mode)
		return 0;
	set_call(state, task, regs->orig_ax);
	if (!look(state, &seen))
		return 0;
	__sync_fetch_and_add(&seen.event->denied, 1);
	class = class_of(state, &seen, regs);
	if (class)
		__sync_fetch_and_add(&class->denied, 1);
	return 0;
}

/*
 * SECCOMP_RET_TRAP and the KILL actions leave no sys_exit to go by: the first sends SIGSYS, which
 * the process may handle; so does the end of a whole process, with no handler.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(signalled, int number, struct kernel_siginfo *info, struct task_struct *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state;
	struct seen seen = {};

	if (number != SIGSYS || to != task || BPF_CORE_READ(info, si_code) != SYS_SECCOMP)
		return 0;
	state = known(task);
	if (!state || !punished(state, task, &seen))
		return 0;
	state->signalled = 1;
	if (task->seccomp.mode == SECCOMP_MODE_DEAD)
		__sync_fetch_and_add(&seen.event->killed, 1);
	else
		__sync_fetch_and_add(&seen.event->trapped, 1);
	return 0;
}

/*
 * One thread of several is ended without a signal. Its siblings end with the same code where the
 * whole process was killed, for which the signal counted already.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(ended, struct task_struct *task)
{
	struct state *state;
	struct seen seen = {};

	if ((task->exit_code & 0x7f) != SIGSYS)
		return 0;
	if ((BPF_CORE_READ(task, signal, group_exit_code) & 0x7f) == SIGSYS)
		return 0;
	state = known(task);
	if (state && !state->signalled && punished(state, task, &seen))
		__sync_fetch_and_add(&seen.event->killed, 1);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	struct state *from = bpf_task_storage_get(&tasks, parent, NULL, 0);
	struct state *to;
	struct slot *slot;

	if (!from)
		return 0;
	to = bpf_task_storage_get(&tasks, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to) {
		slot = slot_of(from);
		if (slot)
			__sync_fetch_and_add(&slot->lost_tasks, 1);
		return 0;
	}
	*to = *from;
	to->entered = 1;
	to->asking = to->overridden = 0;
	if (parent->group_leader != parent) {
		from = leader_of(parent);
		if (from)
			to->informed |= from->informed;
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	struct slot *slot;

	if (!state || !task->seccomp.mode)
		return 0;
	state->informed = 0;
	executed_file(task, state, bprm);
	if (!state->runtime)
		return 0;
	state->runtime = 0;
	if (state->outside)
		return 0;
	slot = slot_of(state);
	if (slot)
		slot->userns = (u64)task->cred->user_ns;
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(renamed, struct task_struct *task, const char *comm)
{
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (state)
		state->comm = comm_id(state->slot, slot_of(state), comm);
	return 0;
}

/* First rung: the tracepoint that Linux has since about 6.13. */
SEC("tp_btf/cap_capable")
int BPF_PROG(cap_traced, const struct cred *cred, struct user_namespace *target_ns,
	     const struct user_namespace *capable_ns, int cap, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = asked(task, cred, target_ns, cap);

	if (!state)
		return 0;
	count_check(ctx, task, state, ret);
	return 0;
}

/* Second rung: kprobe for the question, kretprobe for the answer. */
SEC("kprobe/cap_capable")
int BPF_KPROBE(cap_asked, const struct cred *cred, struct user_namespace *target_ns, int cap)
{
	struct state *state = asked(bpf_get_current_task_btf(), cred, target_ns, cap);

	if (!state)
		return 0;
	if (state->asking)
		unanswered(state);
	state->asking = 1;
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(cap_answered, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (!state || !state->asking)
		return 0;
	state->asking = 0;
	count_check(ctx, task, state, ret);
	return 0;
}
