/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the programs keep: for each task in its storage, all else in maps that user space reads. */
#ifndef MAPS_BPF_H
#define MAPS_BPF_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "beacon.h"

enum {
	MAX_EVENTS = LIMIT_SLOTS * PHASE_COUNT * ABI_COUNT * LIMIT_NUMBERS,
	MAX_COMMS = LIMIT_SLOTS * LIMIT_COMMS,
};

/* The task's place in a target; made on first touch, inherited by its children. */
struct task_state {
	u32 slot;
	u32 generation;
	u16 nr;
	u8 abi;
	u8 entered;   /* in a system call whose entry was seen (or is inherited) */
	u8 phase;     /* under which that call counts; PHASE_COUNT: it is not counted */
	u8 signalled; /* by SIGSYS, in the place of the call in flight */
	u8 runtime;   /* still the container runtime: no execve under the filter yet */
	u8 outside;   /* not a descendant of the slot's first process */
	u8 comm;
	u8 informed; /* it read its capability sets since its execve */
	/* A capability check between kprobe and kretprobe. */
	u8 cap_pending;
	u8 cap;
	u8 not_own_cred;
	u8 root_map;
	u8 indifferent;        /* the capability whose answer the call in flight does not need */
	u8 file_check_pending; /* `file_check` is one of the call in flight */
	struct cap_key file_check;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

struct cap_sets {
	u64 permitted, effective, inheritable;
};

/* What a task had as it entered capset(2). */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cap_sets);
} cap_sets SEC(".maps");

/* The slots of the watched cgroups, by cgroup id. User space writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIMIT_SLOTS * 2);
	__type(key, u64);
	__type(value, struct target);
} targets SEC(".maps");

/* What becomes a target as soon as it is made. User space writes it, but for the ids. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIMIT_SLOTS);
	__type(key, struct successor_key);
	__type(value, struct successor);
} successors SEC(".maps");

/* Bits of the ids in `targets`; see cgroup_filtered_out. User space writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_CGROUP_FILTER / 64);
	__type(key, u32);
	__type(value, u64);
} cgroup_filter SEC(".maps");

/* One element for each watched container. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_SLOTS);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

/* The counters of each number in each slot, phase and ABI; an array is never full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_EVENTS);
	__type(key, u32);
	__type(value, struct event);
} events SEC(".maps");

/* By system call number, of the 64-bit ABIs. User space writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_NUMBERS);
	__type(key, u32);
	__type(value, struct rule);
} rules SEC(".maps");

/* The counters of calls by their arguments. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct class_key);
	__type(value, struct class_count);
} classes SEC(".maps");

/* The ids of process names: the bits in all counters. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_COMMS);
	__type(key, struct comm_key);
	__type(value, u8);
} comms SEC(".maps");

/* The counters of capability checks, by who asked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct cap_key);
	__type(value, struct cap_count);
} caps SEC(".maps");

/* The counters of sets that were demanded without a check. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct held_key);
	__type(value, struct cap_count);
} held SEC(".maps");

/* The counters of files that were executed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct exec_key);
	__type(value, struct cap_count);
} execs SEC(".maps");

#endif
