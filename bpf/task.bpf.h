/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The state of a task: found, made on first touch; its slot, its process name, its phase. */
#ifndef TASK_BPF_H
#define TASK_BPF_H

#include "cgroup.bpf.h"
#include "join.bpf.h"
#include "maps.bpf.h"

/* libbpf takes it for task_struct: it drops what follows the three underscores. */
struct task_struct___storage {
	void *bpf_storage;
} __attribute__((preserve_access_index));

/*
 * The task's state, if it has one. Hardly any task on the host has a BPF storage at all: looking
 * first spares them the call of a helper, twice for each of their system calls.
 */
static __always_inline struct task_state *task_state_lookup(struct task_struct *task)
{
	if (!((struct task_struct___storage *)task)->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&tasks, task, NULL, 0);
}

static __always_inline struct slot *slot_lookup(const struct task_state *state)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &state->slot);

	/* The slot may serve another container by now. */
	return slot && slot->generation == state->generation ? slot : NULL;
}

/* The id of a process name within a slot; LIMIT_COMMS stands for "others". */
static __noinline u8 comm_id(u32 index, struct slot *slot, const char *comm)
{
	struct comm_key key = {.slot = index};
	u8 *known, id;

	if (!slot)
		return LIMIT_COMMS;
	bpf_probe_read_kernel_str(key.comm, sizeof(key.comm), comm);
	known = bpf_map_lookup_elem(&comms, &key);
	if (known)
		return *known;
	if (slot->comms >= LIMIT_COMMS)
		return LIMIT_COMMS;
	id = __sync_fetch_and_add(&slot->comms, 1);
	if (id >= LIMIT_COMMS)
		return LIMIT_COMMS;
	if (bpf_map_update_elem(&comms, &key, &id, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&comms, &key);
		if (known)
			return *known;
		__sync_fetch_and_add(&slot->lost_comms, 1);
		return LIMIT_COMMS;
	}
	return id;
}

static __noinline struct task_state *task_state_init(struct task_struct *task)
{
	struct target *target = target_lookup(task);
	struct task_state *state;
	struct slot *slot;
	u32 tgid = task->tgid;

	if (!target)
		return NULL;
	slot = bpf_map_lookup_elem(&slots, &target->slot);
	if (!slot)
		return NULL;
	state = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		__sync_fetch_and_add(&slot->lost_tasks, 1);
		return NULL;
	}
	state->slot = target->slot;
	state->generation = target->generation;
	if (!slot->main_tgid)
		__sync_val_compare_and_swap(&slot->main_tgid, 0, tgid);
	state->outside = slot->main_tgid != tgid;
	state->runtime = 1;
	if (joining && task->seccomp.mode)
		join(state, slot, task);
	state->comm = comm_id(state->slot, slot, task->comm);
	return state;
}

/* A state from a slot that serves another container by now is as good as none. */
static __always_inline struct task_state *task_state_get(struct task_struct *task)
{
	struct task_state *state = task_state_lookup(task);

	return state && slot_lookup(state) ? state : task_state_init(task);
}

/* A process may read its sets in one thread and install others in another. */
static __always_inline struct task_state *leader_state(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
}

/*
 * A child begins where its parent is: in the return from the call that made it, if that is seen.
 */
static __always_inline void task_state_inherit(const struct task_state *from,
					       struct task_struct *parent,
					       struct task_struct *child)
{
	struct task_state *to;
	struct slot *slot;

	to = bpf_task_storage_get(&tasks, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to) {
		slot = slot_lookup(from);
		if (slot)
			__sync_fetch_and_add(&slot->lost_tasks, 1);
		return;
	}
	*to = *from;
	to->entered = FORK_RETURN_IS_TRACED;
	to->cap_pending = to->file_check_pending = 0;
	if (parent->group_leader != parent) {
		from = leader_state(parent);
		if (from)
			to->informed |= from->informed;
	}
}

static __always_inline u8 task_phase(const struct task_state *state, const struct slot *slot)
{
	if (state->runtime)
		return PHASE_RUNTIME;
	return state->outside ? PHASE_EXEC : slot->phase;
}

#endif
