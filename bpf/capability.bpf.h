/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Capability checks: who asks, of whose rights, with which answer. */
#ifndef CAPABILITY_BPF_H
#define CAPABILITY_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "check_by_outcome.bpf.h"
#include "count.bpf.h"
#include "cred.bpf.h"
#include "task.bpf.h"

/*
 * The state behind a capability check. A task that made no call since it came into the
 * cgroup is in one that began outside, and is left alone: taken up here, the end of that
 * call would look like a denial. io_uring's workers make no calls, and no fork is seen of
 * them: they act for their process.
 */
static __always_inline struct task_state *cap_task_state(struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	struct task_state *leader;

	if (state || !(task->flags & PF_IO_WORKER))
		return state;
	leader = bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
	if (!leader)
		return NULL;
	state = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		struct slot *slot = slot_lookup(leader);

		if (slot)
			__sync_fetch_and_add(&slot->lost_caps, 1);
		return NULL;
	}
	*state = *leader;
	state->entered = 0;
	state->cap_pending = state->file_check_pending = 0;
	return state;
}

/* A kretprobe without a free instance is skipped by the kernel: the question stays open. */
static __always_inline void cap_lost(struct task_state *state)
{
	struct slot *slot = slot_lookup(state);

	if (slot)
		__sync_fetch_and_add(&slot->lost_caps, 1);
	state->cap_pending = 0;
}

/*
 * Root of the container in a user namespace that it made, asking for what writing a uid_map does:
 * verify_root_map (kernel/user_namespace.c) then goes by CAP_SETFCAP as of the namespace's making.
 */
static __always_inline u8 root_map(const struct slot *slot, const struct cred *cred,
				   const struct user_namespace *target, int cap)
{
	if (cap != CAP_SYS_ADMIN || !slot->userns || BPF_CORE_READ(cred, user_ns) != target ||
	    slot->userns != (u64)BPF_CORE_READ(target, parent) || BPF_CORE_READ(cred, euid.val))
		return ROOT_MAP_NONE;
	return BPF_CORE_READ(target, parent_could_setfcap) ? ROOT_MAP_GRANTED : ROOT_MAP_REFUSED;
}

static __always_inline struct task_state *cap_begin(struct task_struct *task,
						    const struct cred *cred,
						    const struct user_namespace *target, int cap)
{
	struct task_state *state = cap_task_state(task);
	struct slot *slot;

	if (!state || !task->seccomp.mode)
		return NULL;
	slot = slot_lookup(state);
	if (!slot)
		return NULL;
	state->cap = cap;
	state->not_own_cred = not_own_cred(task, slot, cred, target);
	state->root_map = root_map(slot, cred, target, cap);
	return state;
}

static __always_inline void count_check(void *ctx, struct task_struct *task,
					struct task_state *state, int ret)
{
	struct slot *slot = slot_lookup(state);
	struct cap_key key = {};

	if (!slot)
		return;
	if (bpf_get_stack(ctx, key.callers, sizeof(key.callers), 0) < 0)
		key.callers[0] = 0;
	key.slot = state->slot;
	key.nr = state->entered ? state->nr : LIMIT_NUMBERS;
	key.abi = state->abi;
	key.phase = task_phase(state, slot);
	key.cap = state->cap;
	key.granted = !ret;
	key.not_own_cred = state->not_own_cred;
	key.root_map = state->root_map;
	key.indifferent = state->entered && state->indifferent == state->cap;
	add_count(&caps, &key, state, &slot->lost_caps);
	file_check_begin(state, &key);
}

#endif
