/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Calls that ask for a capability first and look at their arguments later: with these arguments
 * either answer leads to the same. For the 64-bit ABIs alone; with others the check counts.
 */
#ifndef CHECK_BY_ARGUMENTS_BPF_H
#define CHECK_BY_ARGUMENTS_BPF_H

#include "maps.bpf.h"

#define NO_CAPABILITY 255

/* fs/attr.c: whoever is not in the file's group loses the set-group-id bit, asked for or not. */
static __always_inline u8 indifferent_to_mode(u32 mode)
{
	return mode & S_ISGID ? NO_CAPABILITY : CAP_FSETID;
}

/* kernel/sys.c: setuid(2) and setgid(2) of the only id that the process has. */
static __always_inline u8 indifferent_to_id(u32 id, kuid_t real, kuid_t effective, kuid_t saved,
					    kuid_t files, u8 capability)
{
	bool same = real.val == id && effective.val == id && saved.val == id && files.val == id;

	return same ? capability : NO_CAPABILITY;
}

/* The capability whose answer does not matter to this call. */
static __always_inline u8 indifferent_cap(struct task_struct *task, const struct task_state *state,
					  const struct pt_regs *regs)
{
	const struct cred *cred = task->cred;

	switch (known_call(state->abi, state->nr)) {
	case CALL_CHMOD:
		return indifferent_to_mode(argument_at(regs, 1));
	case CALL_FCHMODAT:
		return indifferent_to_mode(argument_at(regs, 2));
	case CALL_SETUID:
		/* Elsewhere the kernel's ids are not those that the arguments name. */
		if (cred->user_ns->level)
			return NO_CAPABILITY;
		return indifferent_to_id(argument_at(regs, 0), cred->uid, cred->euid, cred->suid,
					 cred->fsuid, CAP_SETUID);
	case CALL_SETGID:
		if (cred->user_ns->level)
			return NO_CAPABILITY;
		return indifferent_to_id(argument_at(regs, 0), cred->gid, cred->egid, cred->sgid,
					 cred->fsgid, CAP_SETGID);
	default:
		return NO_CAPABILITY;
	}
}

#endif
