/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Counting in maps that several processors fill at the same time. */
#ifndef COUNT_BPF_H
#define COUNT_BPF_H

#include "maps.bpf.h"

static __always_inline void mark_seen(u64 *first_ns, u64 *comms, u8 comm)
{
	u64 bit = 1ULL << (comm & 63);

	if (!*first_ns)
		__sync_val_compare_and_swap(first_ns, 0, bpf_ktime_get_ns());
	if (!(*comms & bit))
		__sync_fetch_and_or(comms, bit);
}

/*
 * The value of this key, made from `fresh` on first touch; NULL: there is no place for it. Of
 * several processors that touch it first at the same time, BPF_NOEXIST lets one make it; the others
 * find that one's. `made`, if given, counts what was made, up to `limit`.
 */
static __always_inline void *lookup_or_init(void *map, const void *key, const void *fresh,
					    u64 *made, u64 limit)
{
	void *value = bpf_map_lookup_elem(map, key);

	if (value)
		return value;
	if (made && *made >= limit)
		return NULL;
	if (!bpf_map_update_elem(map, key, fresh, BPF_NOEXIST) && made)
		__sync_fetch_and_add(made, 1);
	return bpf_map_lookup_elem(map, key);
}

/* One more of what a map counts by this key; a full map is counted as `lost`. */
static __always_inline void add_count(void *map, const void *key, const struct task_state *state,
				      u64 *lost)
{
	struct cap_count *count, fresh = {};

	count = lookup_or_init(map, key, &fresh, NULL, 0);
	if (!count) {
		__sync_fetch_and_add(lost, 1);
		return;
	}
	mark_seen(&count->first_ns, &count->comms, state->comm);
	__sync_fetch_and_add(&count->count, 1);
}

#endif
