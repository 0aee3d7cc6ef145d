/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Whether a call that asked to override file permissions opened a file that was there already.
 * O_CREAT asks for the right to write to the directory before the kernel looks whether the file
 * exists (lookup_open in fs/namei.c), and /proc/self/fd lets its own process in whatever was
 * answered (proc_fd_permission): no caller tells these from a check that decides.
 */
#ifndef CHECK_BY_OUTCOME_BPF_H
#define CHECK_BY_OUTCOME_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "maps.bpf.h"

/* Keeps a check of the container's own rights until its call returns. */
static __always_inline void file_check_begin(struct task_state *state, const struct cap_key *key)
{
	if (key->not_own_cred || (key->cap != CAP_DAC_OVERRIDE && key->cap != CAP_DAC_READ_SEARCH))
		return;
	state->file_check = *key;
	state->file_check_pending = state->entered;
}

static __always_inline bool file_existed(struct task_struct *task, u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (!files || descriptor >= BPF_CORE_READ(table, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file), &files[descriptor]);
	return file && !(BPF_CORE_READ(file, f_mode) & FMODE_CREATED);
}

/* The call has returned. Of a call that opens no files user space ignores the count. */
static __always_inline void file_check_end(struct task_struct *task, struct task_state *state,
					   long ret)
{
	struct cap_count *count;

	if (!state->file_check_pending)
		return;
	state->file_check_pending = 0;
	if (ret < 0 || !file_existed(task, ret))
		return;
	count = bpf_map_lookup_elem(&caps, &state->file_check);
	if (count)
		__sync_fetch_and_add(&count->opened, 1);
}

#endif
