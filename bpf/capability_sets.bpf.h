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

static __always_inline void begin_held(struct held_key *key, struct task_struct *task,
				       const struct state *state, const struct slot *slot,
				       enum holding holding, long ret)
{
	const struct state *leader = leader_of(task);

	key->slot = state->slot;
	key->nr = state->nr;
	key->abi = state->abi;
	key->phase = phase_of(state, slot);
	key->holding = holding;
	key->granted = !ret;
	key->informed = state->informed || (leader && leader->informed);
	key->foreign = slot->userns && slot->userns != (u64)task->cred->user_ns;
}

/* The sets that a capset(2) asked for which failed. Version 1 has one word for each. */
static __always_inline bool read_demand(struct sets *to, const struct state *state,
					const struct pt_regs *regs)
{
	u32 version = 0, words[6] = {};

	if (bpf_probe_read_user(&version, sizeof(version), (void *)first(state, regs)))
		return false;
	if (bpf_probe_read_user(words, version == _LINUX_CAPABILITY_VERSION_1 ? 12 : 24,
				(void *)second(state, regs)))
		return false;
	to->effective = words[0] | (u64)words[3] << 32;
	to->permitted = words[1] | (u64)words[4] << 32;
	to->inheritable = words[2] | (u64)words[5] << 32;
	return true;
}

static __noinline int capset_left(struct task_struct *task, struct state *state,
				  const struct pt_regs *regs, long ret)
{
	struct held_key key = {};
	struct sets *had, wanted = {};
	struct slot *slot;

	if (!task || !state || !regs)
		return 0;
	slot = slot_of(state);
	had = bpf_task_storage_get(&sets, task, NULL, 0);
	if (!slot || !had)
		return 0;
	if (!ret)
		read_sets(&wanted, task->cred);
	else if (ret != -EPERM || !read_demand(&wanted, state, regs))
		return 0;
	begin_held(&key, task, state, slot, HOLDING_CAPSET, ret);
	key.permitted = wanted.permitted;
	key.effective = wanted.effective;
	key.inheritable = wanted.inheritable;
	key.had_permitted = had->permitted;
	key.had_effective = had->effective;
	key.had_inheritable = had->inheritable;
	add_count(&held, &key, state, &slot->lost_caps);
	return 0;
}

static __noinline int prctl_left(struct task_struct *task, struct state *state,
				 const struct pt_regs *regs, long ret)
{
	struct held_key key = {};
	struct slot *slot;
	u64 cap;

	if (!task || !state || !regs)
		return 0;
	cap = (u32)regs->dx; /* the third argument of every ABI */
	if ((u32)first(state, regs) != PR_CAP_AMBIENT ||
	    (u32)second(state, regs) != PR_CAP_AMBIENT_RAISE || cap > 63)
		return 0;
	slot = slot_of(state);
	if (!slot || (ret && ret != -EPERM))
		return 0;
	begin_held(&key, task, state, slot, HOLDING_AMBIENT, ret);
	key.permitted = 1ULL << cap;
	key.had_permitted = set_at(&task->cred->cap_permitted);
	add_count(&held, &key, state, &slot->lost_caps);
	return 0;
}

static __always_inline void informed(struct task_struct *task, struct state *state)
{
	struct state *leader = leader_of(task);

	state->informed = 1;
	if (leader)
		leader->informed = 1;
}

#endif
