/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Calls that are many calls: counted apart by the class that their arguments make. */
#ifndef ARGUMENT_CLASS_BPF_H
#define ARGUMENT_CLASS_BPF_H

#include "syscall.bpf.h"

/*
 * The counters of the class that the arguments of the call in flight make, if they make one. A
 * call without one (it has too many, the map is full) shows as a gap in the sum of its classes, so
 * nothing is lost.
 */
static __always_inline struct class_count *class_lookup(const struct task_state *state,
							const struct event_ref *ref,
							const struct pt_regs *regs)
{
	struct class_key key = {.slot = state->slot, .nr = state->nr, .abi = state->abi};
	struct class_count *count, fresh = {};
	u32 nr = state->nr;
	struct rule *rule;

	if (state->abi == ABI_32_BIT)
		return NULL;
	rule = bpf_map_lookup_elem(&rules, &nr);
	if (!rule || !rule->count)
		return NULL;
	key.phase = ref->phase;
	for (int i = 0; i < LIMIT_ARGUMENTS; i++)
		if (i < rule->count)
			key.values[i] = argument_at(regs, rule->places[i]) & rule->masks[i];
	count = lookup_or_init(&classes, &key, &fresh, &ref->event->classes, LIMIT_CLASSES);
	if (count)
		mark_seen(&count->first_ns, &count->comms, state->comm);
	return count;
}

#endif
