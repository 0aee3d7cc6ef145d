/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Files that were executed, or that could not be for want of a right. A file's own capabilities lie
 * where no tracepoint reaches: its path is kept, and user space reads them.
 */
#ifndef EXEC_BPF_H
#define EXEC_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "count.bpf.h"
#include "cred.bpf.h"
#include "task.bpf.h"

static __always_inline void exec_key_init(struct exec_key *key, struct task_struct *task,
					  const struct task_state *state, const struct slot *slot)
{
	key->bounding = read_cap_set(&task->cred->cap_bset);
	key->slot = state->slot;
	key->abi = state->abi;
	/* The runtime's last execve is the container's first. */
	key->phase = state->outside ? PHASE_EXEC : slot->phase;
	key->not_own_cred = in_other_userns(task, slot);
}

/* An execve that failed for want of a right: `name` is what it was given. */
static __noinline int count_failed_exec(struct task_struct *task, struct task_state *state,
					u64 name)
{
	struct exec_key key = {.failed = 1};
	struct slot *slot;

	if (!task || !state)
		return 0;
	slot = slot_lookup(state);
	if (!slot)
		return 0;
	exec_key_init(&key, task, state, slot);
	bpf_probe_read_user_str(key.path, sizeof(key.path), (void *)name);
	add_count(&execs, &key, state, &slot->lost_execs);
	return 0;
}

/*
 * The path of a file as the task sees it, its last component first, each in a place of its own; as
 * far up as there is room.
 */
static __always_inline void read_path(char *to, struct task_struct *task, const struct path *path)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct vfsmount *at = BPF_CORE_READ(path, mnt);
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *root_at = BPF_CORE_READ(task, fs, root.mnt);
	struct dentry *parent;
	int used = 0;

	for (int step = 0; step < LIMIT_COMPONENTS + 4; step++) {
		struct mount *mount = (void *)at - bpf_core_field_offset(struct mount, mnt);

		if ((dentry == root && at == root_at) || used >= LIMIT_COMPONENTS)
			return;
		if (dentry == BPF_CORE_READ(at, mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			at = (void *)above + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		bpf_probe_read_kernel_str(to + used * LIMIT_COMPONENT, LIMIT_COMPONENT,
					  BPF_CORE_READ(dentry, d_name.name));
		used++;
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry) /* a file in memory is in no folder */
			return;
		dentry = parent;
	}
}

static __noinline int count_exec(struct task_struct *task, struct task_state *state,
				 struct linux_binprm *bprm)
{
	struct exec_key key = {};
	struct file *file;
	struct slot *slot;

	if (!task || !state || !bprm)
		return 0;
	slot = slot_lookup(state);
	file = BPF_CORE_READ(bprm, file);
	if (!slot || !file)
		return 0;
	exec_key_init(&key, task, state, slot);
	read_path(key.path, task, &file->f_path);
	add_count(&execs, &key, state, &slot->lost_execs);
	return 0;
}

#endif
