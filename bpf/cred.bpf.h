/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What credentials hold, and whether they are the container's own. */
#ifndef CRED_BPF_H
#define CRED_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "maps.bpf.h"

static __always_inline u64 read_cap_set(const kernel_cap_t *at)
{
	u64 set = 0;

	bpf_probe_read_kernel(&set, sizeof(set), at);
	return set;
}

static __always_inline void read_cap_sets(struct cap_sets *to, const struct cred *cred)
{
	to->permitted = read_cap_set(&cred->cap_permitted);
	to->effective = read_cap_set(&cred->cap_effective);
	to->inheritable = read_cap_set(&cred->cap_inheritable);
}

/* Whether a task is in another user namespace than the container's. */
static __always_inline bool in_other_userns(struct task_struct *task, const struct slot *slot)
{
	return slot->userns && slot->userns != (u64)task->cred->user_ns;
}

/*
 * Rights that are not the container's own: of or over a user namespace that it made, or of
 * credentials that a file system lends for a moment (overlayfs acts as whoever mounted it).
 * access(2) swaps credentials too, but derives them from the caller's, with the same bounding set.
 */
static __always_inline bool not_own_cred(struct task_struct *task, const struct slot *slot,
					 const struct cred *cred,
					 const struct user_namespace *target)
{
	const struct cred *own = task->real_cred;

	if (slot->userns &&
	    (slot->userns != (u64)target || slot->userns != (u64)BPF_CORE_READ(cred, user_ns)))
		return true;
	return own != cred && read_cap_set(&own->cap_bset) != read_cap_set(&cred->cap_bset);
}

#endif
