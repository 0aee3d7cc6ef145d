/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Containers that run already when they become targets, and that may be started again. */
#ifndef JOIN_BPF_H
#define JOIN_BPF_H

#include "cgroup.bpf.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "maps.bpf.h"

/* Whether the targets run already; set before loading. */
const volatile bool joining = false;

/*
 * A task that has its filter as it is met first began before it was watched: the runtime enters the
 * cgroup without one. It may be of a user namespace that the container made; the first process is
 * of the container's own.
 */
static __always_inline void join(struct task_state *state, struct slot *slot,
				 struct task_struct *task)
{
	state->runtime = 0;
	state->outside = 0;
	if (!slot->userns || task->tgid == slot->main_tgid)
		slot->userns = (u64)task->cred->user_ns;
}

/*
 * The cgroup of a joined container was made anew: it is a target before its first process enters.
 * The bit of the former one stays in the filter, where it may be another target's too.
 */
static __always_inline void follow(struct cgroup *cgroup)
{
	struct cgroup *current_cgroup = task_cgroup(bpf_get_current_task_btf());
	struct cgroup_subsys_state *parent = cgroup->self.parent;
	struct successor_key key = {};
	struct successor *successor;
	struct target target = {};
	struct slot *slot;
	u64 id = cgroup->kn->id, *bits;
	u32 word = id % LIMIT_CGROUP_FILTER / 64;

	/* With cgroup v1, ids are those of one hierarchy. */
	if (!parent || cgroup->root != current_cgroup->root)
		return;
	key.parent = parent->cgroup->kn->id;
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), cgroup->kn->name);
	successor = bpf_map_lookup_elem(&successors, &key);
	if (!successor)
		return;
	slot = bpf_map_lookup_elem(&slots, &successor->slot);
	bits = bpf_map_lookup_elem(&cgroup_filter, &word);
	if (!slot || !bits)
		return;
	slot->phase = PHASE_START;
	slot->userns = 0;
	slot->main_tgid = 0;
	bpf_map_delete_elem(&targets, &successor->id);
	successor->id = id;
	target.slot = successor->slot;
	target.generation = successor->generation;
	__sync_fetch_and_or(bits, 1ULL << (id % 64));
	bpf_map_update_elem(&targets, &id, &target, BPF_ANY);
}

#endif
