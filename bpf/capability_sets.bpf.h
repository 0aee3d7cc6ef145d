/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Capabilities that a program needs to hold although the kernel never asks for them: those that a
 * process installs with capset(2) and those that it raises into its ambient set. What was demanded
 * and what was there is kept as it was; src/beacon/monitor/held.py says which capabilities that
 * needs.
 */
#ifndef CAPABILITY_SETS_BPF_H
#define CAPABILITY_SETS_BPF_H

#include "count.bpf.h"
#include "cred.bpf.h"
#include "syscall.bpf.h"
#include "task.bpf.h"

static __always_inline void held_key_init(struct held_key *key, struct task_struct *task,
					  const struct task_state *state, const struct slot *slot,
					  enum holding holding, long ret)
{
	const struct task_state *leader = leader_state(task);

	key->slot = state->slot;
	key->nr = state->nr;
	key->abi = state->abi;
	key->phase = task_phase(state, slot);
	key->holding = holding;
	key->granted = !ret;
	key->informed = state->informed || (leader && leader->informed);
	key->not_own_cred = in_other_userns(task, slot);
}

/* The sets that a capset(2) asked for which failed. Version 1 has one word for each. */
static __always_inline bool read_capset_data(struct cap_sets *to, const struct task_state *state,
					     const struct pt_regs *regs)
{
	u32 version = 0, words[6] = {};

	if (bpf_probe_read_user(&version, sizeof(version),
				(void *)first_argument(state->abi, regs)))
		return false;
	if (bpf_probe_read_user(words, version == _LINUX_CAPABILITY_VERSION_1 ? 12 : 24,
				(void *)second_argument(state->abi, regs)))
		return false;
	to->effective = words[0] | (u64)words[3] << 32;
	to->permitted = words[1] | (u64)words[4] << 32;
	to->inheritable = words[2] | (u64)words[5] << 32;
	return true;
}

static __noinline int count_capset(struct task_struct *task, struct task_state *state,
				   const struct pt_regs *regs, long ret)
{
	struct held_key key = {};
	struct cap_sets *had, wanted = {};
	struct slot *slot;

	if (!task || !state || !regs)
		return 0;
	slot = slot_lookup(state);
	had = bpf_task_storage_get(&cap_sets, task, NULL, 0);
	if (!slot || !had)
		return 0;
	if (!ret)
		read_cap_sets(&wanted, task->cred);
	else if (ret != -EPERM || !read_capset_data(&wanted, state, regs))
		return 0;
	held_key_init(&key, task, state, slot, HOLDING_CAPSET, ret);
	key.permitted = wanted.permitted;
	key.effective = wanted.effective;
	key.inheritable = wanted.inheritable;
	key.had_permitted = had->permitted;
	key.had_effective = had->effective;
	key.had_inheritable = had->inheritable;
	add_count(&held, &key, state, &slot->lost_caps);
	return 0;
}

static __noinline int count_ambient_raise(struct task_struct *task, struct task_state *state,
					  const struct pt_regs *regs, long ret)
{
	struct held_key key = {};
	struct slot *slot;
	u64 cap;

	if (!task || !state || !regs)
		return 0;
	cap = (u32)third_argument(regs);
	if ((u32)first_argument(state->abi, regs) != PR_CAP_AMBIENT ||
	    (u32)second_argument(state->abi, regs) != PR_CAP_AMBIENT_RAISE || cap > 63)
		return 0;
	slot = slot_lookup(state);
	if (!slot || (ret && ret != -EPERM))
		return 0;
	held_key_init(&key, task, state, slot, HOLDING_AMBIENT, ret);
	key.permitted = 1ULL << cap;
	key.had_permitted = read_cap_set(&task->cred->cap_permitted);
	add_count(&held, &key, state, &slot->lost_caps);
	return 0;
}

static __always_inline void mark_informed(struct task_struct *task, struct task_state *state)
{
	struct task_state *leader = leader_state(task);

	state->informed = 1;
	if (leader)
		leader->informed = 1;
}

#endif
