// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Counts the system calls and capability checks of containers ("targets",
 * named by cgroup), exactly: calls that a seccomp filter let through, calls that
 * it denied, and who made them. Everything is aggregated in maps; what
 * cannot be kept is counted in the slot's lost_* fields.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "beacon.h"

char LICENSE[] SEC("license") = "GPL";

/* cgroup v2 (unified) or the v1 pids hierarchy; set before loading. */
const volatile bool unified = false;

/* Puts the enums into the object's BTF, where user space reads them. */
const volatile struct {
	enum limit limit;
	enum phase phase;
	enum abi abi;
	enum holding holding;
	enum root_map root_map;
} vocabulary = {};

/* The task's place in a target; made on first touch, inherited by its children. */
struct state {
	u32 slot;
	u32 generation;
	u16 nr;
	u8 abi;
	u8 entered;	/* in a system call whose entry was seen (or is inherited) */
	u8 phase;	/* under which that call counts; PHASE_COUNT: it is not counted */
	u8 signalled;	/* by SIGSYS, in the place of the call in flight */
	u8 runtime;	/* still the container runtime: no execve under the filter yet */
	u8 outside;	/* not a descendant of the slot's first process */
	u8 comm;
	u8 informed;	/* it read its capability sets since its execve */
	/* A capability check between kprobe and kretprobe. */
	u8 asking;
	u8 cap;
	u8 foreign;
	u8 root_map;
	u8 indifferent;	/* the capability whose answer the call in flight does not need */
	u8 overridden;	/* `access` is a check of the call in flight */
	struct cap_key access;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct state);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIMIT_SLOTS * 2);
	__type(key, u64);
	__type(value, struct target);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_SIEVE / 64);
	__type(key, u32);
	__type(value, u64);
} sieve SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_SLOTS);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_SLOTS * PHASE_COUNT * ABI_COUNT * LIMIT_NUMBERS);
	__type(key, u32);
	__type(value, struct event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_NUMBERS);
	__type(key, u32);
	__type(value, struct rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct class_key);
	__type(value, struct class_count);
} classes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIMIT_SLOTS * LIMIT_COMMS);
	__type(key, struct comm_key);
	__type(value, u8);
} comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct cap_key);
	__type(value, struct cap_count);
} caps SEC(".maps");

/* libbpf takes it for task_struct: it drops what follows the three underscores. */
struct task_struct___storage {
	void *bpf_storage;
} __attribute__((preserve_access_index));

/*
 * The task's state, if it has one. Hardly any task on the host has a BPF storage at all: looking
 * first spares them the call of a helper, twice for each of their system calls.
 */
static __always_inline struct state *known(struct task_struct *task)
{
	if (!((struct task_struct___storage *)task)->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&tasks, task, NULL, 0);
}

static __always_inline struct slot *slot_of(const struct state *state)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &state->slot);

	/* The slot may serve another container by now. */
	return slot && slot->generation == state->generation ? slot : NULL;
}

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

/* The id of a process name within a slot; LIMIT_COMMS stands for "others". */
static __noinline u8 comm_id(u32 index, struct slot *slot, const char *comm)
{
	struct comm_key key = {.slot = index};
	u8 *known, id;

	if (!slot)
		return LIMIT_COMMS;
	bpf_probe_read_kernel_str(key.comm, sizeof(key.comm), comm);
	known = bpf_map_lookup_elem(&comms, &key);
	if (known)
		return *known;
	if (slot->comms >= LIMIT_COMMS)
		return LIMIT_COMMS;
	id = __sync_fetch_and_add(&slot->comms, 1);
	if (id >= LIMIT_COMMS)
		return LIMIT_COMMS;
	if (bpf_map_update_elem(&comms, &key, &id, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&comms, &key);
		if (known)
			return *known;
		__sync_fetch_and_add(&slot->lost_comms, 1);
		return LIMIT_COMMS;
	}
	return id;
}

static __noinline struct state *adopt(struct task_struct *task)
{
	struct target *target = target_of(task);
	struct state *state;
	struct slot *slot;
	u32 tgid = task->tgid;

	if (!target)
		return NULL;
	slot = bpf_map_lookup_elem(&slots, &target->slot);
	if (!slot)
		return NULL;
	state = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		__sync_fetch_and_add(&slot->lost_tasks, 1);
		return NULL;
	}
	state->slot = target->slot;
	state->generation = target->generation;
	if (!slot->main_tgid)
		__sync_val_compare_and_swap(&slot->main_tgid, 0, tgid);
	state->outside = slot->main_tgid != tgid;
	state->runtime = 1;
	state->comm = comm_id(state->slot, slot, task->comm);
	return state;
}

/* A state from a slot that serves another container by now is as good as none. */
static __always_inline struct state *state_of(struct task_struct *task)
{
	struct state *state = known(task);

	return state && slot_of(state) ? state : adopt(task);
}

/*
 * The state behind a capability check. A task that made no call since it came into the
 * cgroup is in one that began outside, and is left alone: taken up here, the end of that
 * call would look like a denial. io_uring's workers make no calls, and no fork is seen of
 * them: they act for their process.
 */
static __always_inline struct state *asker_of(struct task_struct *task)
{
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	struct state *leader;

	if (state || !(task->flags & PF_IO_WORKER))
		return state;
	leader = bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
	if (!leader)
		return NULL;
	state = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		struct slot *slot = slot_of(leader);

		if (slot)
			__sync_fetch_and_add(&slot->lost_caps, 1);
		return NULL;
	}
	*state = *leader;
	state->entered = 0;
	state->asking = state->overridden = 0;
	return state;
}

/* A kretprobe without a free instance is skipped by the kernel: the question stays open. */
static __always_inline void unanswered(struct state *state)
{
	struct slot *slot = slot_of(state);

	if (slot)
		__sync_fetch_and_add(&slot->lost_caps, 1);
	state->asking = 0;
}

static __always_inline u8 phase_of(const struct state *state, const struct slot *slot)
{
	if (state->runtime)
		return PHASE_RUNTIME;
	return state->outside ? PHASE_EXEC : slot->phase;
}

static __always_inline void set_call(struct state *state, struct task_struct *task, long id)
{
	u32 nr = id;

	state->abi = ABI_X86_64;
	if (task->thread_info.status & TS_COMPAT) {
		state->abi = ABI_I386;
	} else if (nr & X32_SYSCALL_BIT) {
		state->abi = ABI_X32;
		nr &= ~X32_SYSCALL_BIT;
	}
	state->nr = nr < LIMIT_NUMBERS ? nr : LIMIT_NUMBERS;
}

static __always_inline void touch(u64 *first_ns, u64 *seen, u8 comm)
{
	u64 bit = 1ULL << (comm & 63);

	if (!*first_ns)
		__sync_val_compare_and_swap(first_ns, 0, bpf_ktime_get_ns());
	if (!(*seen & bit))
		__sync_fetch_and_or(seen, bit);
}

/* One more of what a map counts by this key; a full map is counted as `lost`. */
static __always_inline void add_count(void *map, const void *key, const struct state *state,
				      u64 *lost)
{
	struct cap_count *count, fresh = {};

	count = bpf_map_lookup_elem(map, key);
	if (!count) {
		bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST);
		count = bpf_map_lookup_elem(map, key);
	}
	if (!count) {
		__sync_fetch_and_add(lost, 1);
		return;
	}
	touch(&count->first_ns, &count->comms, state->comm);
	__sync_fetch_and_add(&count->count, 1);
}

static __always_inline struct event *event_of(const struct state *state, u8 phase)
{
	u32 index = state->slot * PHASE_COUNT + phase;

	index = (index * ABI_COUNT + state->abi) * LIMIT_NUMBERS + state->nr;
	return bpf_map_lookup_elem(&events, &index);
}

/* The call in flight: its counters, and the phase under which it counts. */
struct seen {
	struct event *event;
	u8 phase;	/* read once: user space may change it at any moment */
};

static __always_inline bool look(struct state *state, struct seen *seen)
{
	struct slot *slot = slot_of(state);

	if (!slot)
		return false;
	if (state->nr >= LIMIT_NUMBERS) {
		__sync_fetch_and_add(&slot->unnumbered, 1);
		return false;
	}
	seen->phase = phase_of(state, slot);
	seen->event = event_of(state, seen->phase);
	if (!seen->event)
		return false;
	touch(&seen->event->first_ns, &seen->event->comms, state->comm);
	return true;
}

static __always_inline u64 argument(const struct pt_regs *regs, u8 place)
{
	switch (place) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

/*
 * The counters of the class that the arguments of the call in flight make, if they make one. A call
 * without (it has too many, the map is full) is missed in the sum of its classes, so nothing is lost.
 */
static __always_inline struct class_count *class_of(const struct state *state,
						    const struct seen *seen,
						    const struct pt_regs *regs)
{
	struct class_key key = {.slot = state->slot, .nr = state->nr, .abi = state->abi};
	struct class_count *count, fresh = {};
	u32 nr = state->nr;
	struct rule *rule;

	/* i386 has its arguments elsewhere, and socketcall. */
	if (state->abi == ABI_I386)
		return NULL;
	rule = bpf_map_lookup_elem(&rules, &nr);
	if (!rule || !rule->count)
		return NULL;
	key.phase = seen->phase;
	for (int i = 0; i < LIMIT_ARGUMENTS; i++)
		if (i < rule->count)
			key.values[i] = argument(regs, rule->places[i]) & rule->masks[i];
	count = bpf_map_lookup_elem(&classes, &key);
	if (!count) {
		if (seen->event->classes >= LIMIT_CLASSES)
			return NULL;
		if (!bpf_map_update_elem(&classes, &key, &fresh, BPF_NOEXIST))
			__sync_fetch_and_add(&seen->event->classes, 1);
		count = bpf_map_lookup_elem(&classes, &key);
	}
	if (count)
		touch(&count->first_ns, &count->comms, state->comm);
	return count;
}

#include "held.h"
#include "indifferent.h"
#include "opened.h"

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = state_of(task);
	struct class_count *class;
	struct seen seen = {};

	if (!state)
		return 0;
	state->entered = 1;
	state->phase = PHASE_COUNT;
	state->overridden = 0;
	state->indifferent = NO_CAPABILITY;
	set_call(state, task, id);
	if (!task->seccomp.mode)
		return 0;
	if (!look(state, &seen))
		return 0;
	state->phase = seen.phase;
	__sync_fetch_and_add(&seen.event->count, 1);
	class = class_of(state, &seen, regs);
	if (class)
		__sync_fetch_and_add(&class->count, 1);
	held_entered(task, state);
	state->indifferent = indifferent(task, state, regs);
	return 0;
}

/* A call that was let through has returned. Failures matter for ABIs that a program may only probe. */
static __always_inline void returned(const struct state *state, long ret)
{
	struct event *event;

	if (state->abi == ABI_X86_64 || ret >= 0 || ret < -MAX_ERRNO || state->phase >= PHASE_COUNT)
		return;
	event = event_of(state, state->phase);
	if (event)
		__sync_fetch_and_add(&event->failed, 1);
}

/*
 * seccomp judges before the sys_enter tracepoint, so a call that leaves without
 * having entered was denied, whatever was answered in its place. A fresh child's return
 * from fork and calls begun before the filter count as entered.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = known(task);
	struct class_count *class;
	struct seen seen = {};

	if (!state)
		return 0;
	if (state->asking)
		unanswered(state);
	if (state->entered) {
		if (task->seccomp.mode)
			held_left(task, state, regs, ret);
		opened(task, state, ret);
		state->entered = 0;
		returned(state, ret);
		return 0;
	}
	if (state->signalled) {
		state->signalled = 0;
		return 0;
	}
	if (!task->seccomp.mode)
		return 0;
	set_call(state, task, regs->orig_ax);
	if (!look(state, &seen))
		return 0;
	__sync_fetch_and_add(&seen.event->denied, 1);
	class = class_of(state, &seen, regs);
	if (class)
		__sync_fetch_and_add(&class->denied, 1);
	return 0;
}

/* The call that the filter answered with a signal or with the end of its task, if one is in flight. */
static __always_inline bool punished(struct state *state, struct task_struct *task,
				     struct seen *seen)
{
	struct pt_regs *regs;

	if (state->entered || !task->seccomp.mode)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	set_call(state, task, regs->orig_ax);
	return look(state, seen);
}

/*
 * SECCOMP_RET_TRAP and the KILL actions leave no sys_exit to go by: the first sends SIGSYS, which
 * the process may handle; so does the end of a whole process, with no handler.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(signalled, int number, struct kernel_siginfo *info, struct task_struct *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state;
	struct seen seen = {};

	if (number != SIGSYS || to != task || BPF_CORE_READ(info, si_code) != SYS_SECCOMP)
		return 0;
	state = known(task);
	if (!state || !punished(state, task, &seen))
		return 0;
	state->signalled = 1;
	if (task->seccomp.mode == SECCOMP_MODE_DEAD)
		__sync_fetch_and_add(&seen.event->killed, 1);
	else
		__sync_fetch_and_add(&seen.event->trapped, 1);
	return 0;
}

/*
 * One thread of several is ended without a signal. Its siblings end with the same code where the
 * whole process was killed, for which the signal counted already.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(ended, struct task_struct *task)
{
	struct state *state;
	struct seen seen = {};

	if ((task->exit_code & 0x7f) != SIGSYS)
		return 0;
	if ((BPF_CORE_READ(task, signal, group_exit_code) & 0x7f) == SIGSYS)
		return 0;
	state = known(task);
	if (state && !state->signalled && punished(state, task, &seen))
		__sync_fetch_and_add(&seen.event->killed, 1);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	struct state *from = bpf_task_storage_get(&tasks, parent, NULL, 0);
	struct state *to;
	struct slot *slot;

	if (!from)
		return 0;
	to = bpf_task_storage_get(&tasks, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to) {
		slot = slot_of(from);
		if (slot)
			__sync_fetch_and_add(&slot->lost_tasks, 1);
		return 0;
	}
	*to = *from;
	to->entered = 1;
	to->asking = to->overridden = 0;
	if (parent->group_leader != parent) {
		from = leader_of(parent);
		if (from)
			to->informed |= from->informed;
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	struct slot *slot;

	if (!state || !task->seccomp.mode)
		return 0;
	state->informed = 0;
	executed_file(task, state, bprm);
	if (!state->runtime)
		return 0;
	state->runtime = 0;
	if (state->outside)
		return 0;
	slot = slot_of(state);
	if (slot)
		slot->userns = (u64)task->cred->user_ns;
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(renamed, struct task_struct *task, const char *comm)
{
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (state)
		state->comm = comm_id(state->slot, slot_of(state), comm);
	return 0;
}

static __always_inline void count_check(void *ctx, struct task_struct *task, struct state *state,
					int ret)
{
	struct slot *slot = slot_of(state);
	struct cap_key key = {};

	if (!slot)
		return;
	if (bpf_get_stack(ctx, key.callers, sizeof(key.callers), 0) < 0)
		key.callers[0] = 0;
	key.slot = state->slot;
	key.nr = state->entered ? state->nr : LIMIT_NUMBERS;
	key.abi = state->abi;
	key.phase = phase_of(state, slot);
	key.cap = state->cap;
	key.granted = !ret;
	key.foreign = state->foreign;
	key.root_map = state->root_map;
	key.indifferent = state->entered && state->indifferent == state->cap;
	add_count(&caps, &key, state, &slot->lost_caps);
	file_access(state, &key);
}

/*
 * Rights that are not the container's own: of or over a user namespace that it made, or of
 * credentials that a file system lends for a moment (overlayfs acts as whoever mounted it).
 * access(2) swaps credentials too, but derives them from the caller's, with the same bounding set.
 */
static __always_inline bool is_foreign(struct task_struct *task, const struct slot *slot,
				       const struct cred *cred,
				       const struct user_namespace *target)
{
	const struct cred *own = task->real_cred;

	if (slot->userns && (slot->userns != (u64)target ||
			     slot->userns != (u64)BPF_CORE_READ(cred, user_ns)))
		return true;
	return own != cred && set_at(&own->cap_bset) != set_at(&cred->cap_bset);
}

/*
 * Root of the container in a user namespace that it made, asking for what writing a uid_map does:
 * verify_root_map (kernel/user_namespace.c) then goes by CAP_SETFCAP as of the namespace's making.
 */
static __always_inline u8 root_map(const struct slot *slot, const struct cred *cred,
				   const struct user_namespace *target, int cap)
{
	if (cap != CAP_SYS_ADMIN || !slot->userns || BPF_CORE_READ(cred, user_ns) != target ||
	    slot->userns != (u64)BPF_CORE_READ(target, parent) || BPF_CORE_READ(cred, euid.val))
		return ROOT_MAP_NONE;
	return BPF_CORE_READ(target, parent_could_setfcap) ? ROOT_MAP_GRANTED : ROOT_MAP_REFUSED;
}

static __always_inline struct state *asked(struct task_struct *task, const struct cred *cred,
					   const struct user_namespace *target, int cap)
{
	struct state *state = asker_of(task);
	struct slot *slot;

	if (!state || !task->seccomp.mode)
		return NULL;
	slot = slot_of(state);
	if (!slot)
		return NULL;
	state->cap = cap;
	state->foreign = is_foreign(task, slot, cred, target);
	state->root_map = root_map(slot, cred, target, cap);
	return state;
}

/* First rung: the tracepoint that Linux has since about 6.13. */
SEC("tp_btf/cap_capable")
int BPF_PROG(cap_traced, const struct cred *cred, struct user_namespace *target_ns,
	     const struct user_namespace *capable_ns, int cap, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = asked(task, cred, target_ns, cap);

	if (!state)
		return 0;
	count_check(ctx, task, state, ret);
	return 0;
}

/* Second rung: kprobe for the question, kretprobe for the answer. */
SEC("kprobe/cap_capable")
int BPF_KPROBE(cap_asked, const struct cred *cred, struct user_namespace *target_ns, int cap)
{
	struct state *state = asked(bpf_get_current_task_btf(), cred, target_ns, cap);

	if (!state)
		return 0;
	if (state->asking)
		unanswered(state);
	state->asking = 1;
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(cap_answered, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *state = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (!state || !state->asking)
		return 0;
	state->asking = 0;
	count_check(ctx, task, state, ret);
	return 0;
}
