/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which container a task belongs to: the target whose cgroup is its own or above it. */
#ifndef CGROUP_BPF_H
#define CGROUP_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "maps.bpf.h"

/* cgroup v2 (unified) or the v1 pids hierarchy; set before loading. */
const volatile bool unified = false;

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = task->cgroups;

	if (unified)
		return set->dfl_cgrp;
	return set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)]->cgroup;
}

static __always_inline bool sifted_out(u64 id)
{
	u32 word = id % LIMIT_SIEVE / 64;
	u64 *bits = bpf_map_lookup_elem(&sieve, &word);

	return !bits || !(*bits >> (id % 64) & 1);
}

static __always_inline struct target *target_of(struct task_struct *task)
{
	struct cgroup *cgroup = cgroup_of(task);

	for (int depth = 0; cgroup && depth < LIMIT_DEPTH; depth++) {
		u64 id = cgroup->kn->id;
		struct cgroup_subsys_state *parent;

		if (!sifted_out(id)) {
			struct target *target = bpf_map_lookup_elem(&targets, &id);

			if (target)
				return target;
		}
		parent = cgroup->self.parent;
		cgroup = parent ? parent->cgroup : NULL;
	}
	return NULL;
}

#endif
