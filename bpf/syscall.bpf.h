/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The system call in flight: its number and ABI, the arguments that are read, its counters. */
#ifndef SYSCALL_BPF_H
#define SYSCALL_BPF_H

#include "count.bpf.h"
#include "task.bpf.h"

static __always_inline void set_syscall(struct task_state *state, struct task_struct *task,
					const struct pt_regs *regs, long id)
{
	struct entry entry = entry_of(&task->thread_info, regs, id);

	state->abi = entry.abi;
	state->nr = entry.nr < LIMIT_NUMBERS ? entry.nr : LIMIT_NUMBERS;
}

static __always_inline struct event *event_in_phase(const struct task_state *state, u8 phase)
{
	u32 index = state->slot * PHASE_COUNT + phase;

	index = (index * ABI_COUNT + state->abi) * LIMIT_NUMBERS + state->nr;
	return bpf_map_lookup_elem(&events, &index);
}

/* The call in flight: its counters, and the phase under which it counts. */
struct event_ref {
	struct event *event;
	u8 phase; /* read once: user space may change it at any moment */
};

static __always_inline bool event_lookup(struct task_state *state, struct event_ref *ref)
{
	struct slot *slot = slot_lookup(state);

	if (!slot)
		return false;
	if (state->nr >= LIMIT_NUMBERS) {
		__sync_fetch_and_add(&slot->unnumbered, 1);
		return false;
	}
	ref->phase = task_phase(state, slot);
	ref->event = event_in_phase(state, ref->phase);
	if (!ref->event)
		return false;
	mark_seen(&ref->event->first_ns, &ref->event->comms, state->comm);
	return true;
}

/*
 * The call in flight that the filter answered with a signal or with the end of its task, if there
 * is one.
 */
static __always_inline bool event_lookup_refused(struct task_state *state, struct task_struct *task,
						 struct event_ref *ref)
{
	struct pt_regs *regs;

	if (state->entered || !task->seccomp.mode)
		return false;
	/* The newest helper: Linux 5.15, dd6e10fbd9fb ("bpf: Add bpf_task_pt_regs() helper"). */
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	set_syscall(state, task, regs, call_number(regs));
	return event_lookup(state, ref);
}

/*
 * A call that was let through has returned. Failures matter for ABIs that a program may only
 * probe.
 */
static __always_inline void count_failure(const struct task_state *state, long ret)
{
	struct event *event;

	if (state->abi == ABI_NATIVE || ret >= 0 || ret < -MAX_ERRNO || state->phase >= PHASE_COUNT)
		return;
	event = event_in_phase(state, state->phase);
	if (event)
		__sync_fetch_and_add(&event->failed, 1);
}

#endif
