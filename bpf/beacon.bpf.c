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
#include "join.bpf.h"
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
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = task_state_get(task);
	struct class_count *class;
	struct event_ref ref = {};

	if (!state)
		return 0;
	state->entered = 1;
	state->phase = PHASE_COUNT;
	state->file_check_pending = 0;
	state->indifferent = NO_CAPABILITY;
	set_syscall(state, task, regs, id);
	if (!task->seccomp.mode)
		return 0;
	if (!event_lookup(state, &ref))
		return 0;
	state->phase = ref.phase;
	__sync_fetch_and_add(&ref.event->count, 1);
	class = class_lookup(state, &ref, regs);
	if (class)
		__sync_fetch_and_add(&class->count, 1);
	held_enter(task, state);
	state->indifferent = indifferent_cap(task, state, regs);
	return 0;
}

/*
 * seccomp judges before the sys_enter tracepoint, so a call that leaves without
 * having entered was denied, whatever was answered in its place. A fresh child's return
 * from fork and calls begun before the filter count as entered.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = task_state_lookup(task);
	struct class_count *class;
	struct event_ref ref = {};

	if (!state) {
		/* It may have entered before it was watched, so this says nothing. */
		if (joining)
			task_state_init(task);
		return 0;
	}
	if (state->cap_pending)
		cap_lost(state);
	if (state->entered) {
		if (task->seccomp.mode)
			held_exit(task, state, regs, ret);
		file_check_end(task, state, ret);
		state->entered = 0;
		count_failure(state, ret);
		return 0;
	}
	if (state->signalled) {
		state->signalled = 0;
		return 0;
	}
	if (!task->seccomp.mode)
		return 0;
	set_syscall(state, task, regs, call_number(regs));
	if (!event_lookup(state, &ref))
		return 0;
	__sync_fetch_and_add(&ref.event->denied, 1);
	class = class_lookup(state, &ref, regs);
	if (class)
		__sync_fetch_and_add(&class->denied, 1);
	return 0;
}

/*
 * SECCOMP_RET_TRAP and the KILL actions leave no sys_exit to go by: the first sends SIGSYS, which
 * the process may handle; so does the end of a whole process, with no handler.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int number, struct kernel_siginfo *info, struct task_struct *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;
	struct event_ref ref = {};

	if (number != SIGSYS || to != task || BPF_CORE_READ(info, si_code) != SYS_SECCOMP)
		return 0;
	state = joining ? task_state_get(task) : task_state_lookup(task);
	if (!state || !event_lookup_refused(state, task, &ref))
		return 0;
	state->signalled = 1;
	if (task->seccomp.mode == SECCOMP_MODE_DEAD)
		__sync_fetch_and_add(&ref.event->killed, 1);
	else
		__sync_fetch_and_add(&ref.event->trapped, 1);
	return 0;
}

/*
 * One thread of several is ended without a signal. Its siblings end with the same code where the
 * whole process was killed, for which the signal counted already.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct task_state *state;
	struct event_ref ref = {};

	if ((task->exit_code & 0x7f) != SIGSYS)
		return 0;
	if ((BPF_CORE_READ(task, signal, group_exit_code) & 0x7f) == SIGSYS)
		return 0;
	state = task_state_lookup(task);
	if (state && !state->signalled && event_lookup_refused(state, task, &ref))
		__sync_fetch_and_add(&ref.event->killed, 1);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	follow(cgroup);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *state = bpf_task_storage_get(&tasks, parent, NULL, 0);

	if (state)
		task_state_inherit(state, parent, child);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	struct slot *slot;

	if (!state || !task->seccomp.mode)
		return 0;
	state->informed = 0;
	count_exec(task, state, bprm);
	if (!state->runtime)
		return 0;
	state->runtime = 0;
	if (state->outside)
		return 0;
	slot = slot_lookup(state);
	if (slot)
		slot->userns = (u64)task->cred->user_ns;
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *comm)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (state)
		state->comm = comm_id(state->slot, slot_lookup(state), comm);
	return 0;
}

/*
 * First rung: the tracepoint of Linux 6.14, commit d48da4d5ed7b ("security: add trace event for
 * cap_capable").
 */
SEC("tp_btf/cap_capable")
int BPF_PROG(on_cap_capable, const struct cred *cred, struct user_namespace *target_ns,
	     const struct user_namespace *capable_ns, int cap, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = cap_begin(task, cred, target_ns, cap);

	if (!state)
		return 0;
	count_check(ctx, task, state, ret);
	return 0;
}

/* Second rung: kprobe for the question, kretprobe for the answer. */
SEC("kprobe/cap_capable")
int BPF_KPROBE(on_cap_entry, const struct cred *cred, struct user_namespace *target_ns, int cap)
{
	struct task_state *state = cap_begin(bpf_get_current_task_btf(), cred, target_ns, cap);

	if (!state)
		return 0;
	if (state->cap_pending)
		cap_lost(state);
	state->cap_pending = 1;
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(on_cap_return, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (!state || !state->cap_pending)
		return 0;
	state->cap_pending = 0;
	count_check(ctx, task, state, ret);
	return 0;
}
