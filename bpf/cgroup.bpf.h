/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which container a task belongs to: the target whose cgroup is its own or above it. */
#ifndef CGROUP_BPF_H
#define CGROUP_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "maps.bpf.h"

/* cgroup v2 (unified) or the v1 pids hierarchy; set before loading. */
const volatile bool unified = false;

static __always_inline struct cgroup *task_cgroup(struct task_struct *task)
{
	struct css_set *set = task->cgroups;

	if (unified)
		return set->dfl_cgrp;
	return set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)]->cgroup;
}

/*
 * A Bloom filter with one hash, the id modulo its size. A clear bit says that no target has this id
 * and spares the look-up in their map; a set bit may be another id's. User space fills it.
 */
static __always_inline bool cgroup_filtered_out(u64 id)
{
	u32 word = id % LIMIT_CGROUP_FILTER / 64;
	u64 *bits = bpf_map_lookup_elem(&cgroup_filter, &word);

	return !bits || !(*bits >> (id % 64) & 1);
}

static __always_inline struct target *target_lookup(struct task_struct *task)
{
	struct cgroup *cgroup = task_cgroup(task);

	for (int depth = 0; cgroup && depth < LIMIT_DEPTH; depth++) {
		u64 id = cgroup->kn->id;
		struct cgroup_subsys_state *parent;

		if (!cgroup_filtered_out(id)) {
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
