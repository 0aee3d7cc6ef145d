/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Capabilities that a program needs to hold although the kernel never asks for them: those that a
 * process installs with capset(2), those that it raises into its ambient set, those that an
 * executed file carries. What was demanded and what was there is kept as it was;
 * src/beacon/monitor/held.py says which capabilities that needs. A file's own capabilities lie where
 * no tracepoint reaches: its path is kept, and user space reads them.
 */
#ifndef BEACON_HELD_H
#define BEACON_HELD_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct held_key);
	__type(value, struct cap_count);
} held SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct exec_key);
	__type(value, struct cap_count);
} execs SEC(".maps");

struct sets {
	u64 permitted, effective, inheritable;
};

/* What a task had as it entered capset(2). */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sets);
} sets SEC(".maps");

enum call {
	CALL_OTHER,
	CALL_EXECVE,
	CALL_EXECVEAT,
	CALL_CAPGET,
	CALL_CAPSET,
	CALL_PRCTL,
};

/* arch/x86/entry/syscalls/syscall_{64,32}.tbl */
static __always_inline enum call call_of(const struct state *state)
{
	if (state->abi == ABI_I386) {
		switch (state->nr) {
		case 11:
			return CALL_EXECVE;
		case 358:
			return CALL_EXECVEAT;
		case 172:
			return CALL_PRCTL;
		case 184:
			return CALL_CAPGET;
		case 185:
			return CALL_CAPSET;
		}
		return CALL_OTHER;
	}
	switch (state->nr) {
	case 59:
	case 520:	/* x32 */
		return CALL_EXECVE;
	case 322:
	case 545:	/* x32 */
		return CALL_EXECVEAT;
	case 125:
		return CALL_CAPGET;
	case 126:
		return CALL_CAPSET;
	case 157:
		return CALL_PRCTL;
	}
	return CALL_OTHER;
}

static __always_inline u64 set_at(const kernel_cap_t *at)
{
	u64 set = 0;

	bpf_probe_read_kernel(&set, sizeof(set), at);
	return set;
}

static __always_inline void read_sets(struct sets *to, const struct cred *cred)
{
	to->permitted = set_at(&cred->cap_permitted);
	to->effective = set_at(&cred->cap_effective);
	to->inheritable = set_at(&cred->cap_inheritable);
}

/* A process may read its sets in one thread and install others in another. */
static __always_inline struct state *leader_of(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task->group_leader, NULL, 0);
}

static __always_inline u64 first(const struct state *state, const struct pt_regs *regs)
{
	return state->abi == ABI_I386 ? (u32)regs->bx : regs->di;
}

static __always_inline u64 second(const struct state *state, const struct pt_regs *regs)
{
	return state->abi == ABI_I386 ? (u32)regs->cx : regs->si;
}

static __always_inline void begin_held(struct held_key *key, struct task_struct *task,
				       const struct state *state, const struct slot *slot,
				       enum holding holding, long ret)
{
	const struct state *leader = leader_of(task);

	key->slot = state->slot;
	key->nr = state->nr;
	key->abi = state->abi;
	key->phase = phase_of(state, slot);
	key->holding = holding;
	key->granted = !ret;
	key->informed = state->informed || (leader && leader->informed);
	key->foreign = slot->userns && slot->userns != (u64)task->cred->user_ns;
}

/* The sets that a capset(2) asked for which failed. Version 1 has one word for each. */
static __always_inline bool read_demand(struct sets *to, const struct state *state,
					const struct pt_regs *regs)
{
	u32 version = 0, words[6] = {};

	if (bpf_probe_read_user(&version, sizeof(version), (void *)first(state, regs)))
		return false;
	if (bpf_probe_read_user(words, version == _LINUX_CAPABILITY_VERSION_1 ? 12 : 24,
				(void *)second(state, regs)))
		return false;
	to->effective = words[0] | (u64)words[3] << 32;
	to->permitted = words[1] | (u64)words[4] << 32;
	to->inheritable = words[2] | (u64)words[5] << 32;
	return true;
}

static __noinline int capset_left(struct task_struct *task, struct state *state,
				  const struct pt_regs *regs, long ret)
{
	struct held_key key = {};
	struct sets *had, wanted = {};
	struct slot *slot;

	if (!task || !state || !regs)
		return 0;
	slot = slot_of(state);
	had = bpf_task_storage_get(&sets, task, NULL, 0);
	if (!slot || !had)
		return 0;
	if (!ret)
		read_sets(&wanted, task->cred);
	else if (ret != -EPERM || !read_demand(&wanted, state, regs))
		return 0;
	begin_held(&key, task, state, slot, HOLDING_CAPSET, ret);
	key.permitted = wanted.permitted;
	key.effective = wanted.effective;
	key.inheritable = wanted.inheritable;
	key.had_permitted = had->permitted;
	key.had_effective = had->effective;
	key.had_inheritable = had->inheritable;
	add_count(&held, &key, state, &slot->lost_caps);
	return 0;
}

static __noinline int prctl_left(struct task_struct *task, struct state *state,
				 const struct pt_regs *regs, long ret)
{
	struct held_key key = {};
	struct slot *slot;
	u64 cap;

	if (!task || !state || !regs)
		return 0;
	cap = (u32)regs->dx;	/* the third argument of every ABI */
	if ((u32)first(state, regs) != PR_CAP_AMBIENT ||
	    (u32)second(state, regs) != PR_CAP_AMBIENT_RAISE || cap > 63)
		return 0;
	slot = slot_of(state);
	if (!slot || (ret && ret != -EPERM))
		return 0;
	begin_held(&key, task, state, slot, HOLDING_AMBIENT, ret);
	key.permitted = 1ULL << cap;
	key.had_permitted = set_at(&task->cred->cap_permitted);
	add_count(&held, &key, state, &slot->lost_caps);
	return 0;
}

static __always_inline void informed(struct task_struct *task, struct state *state)
{
	struct state *leader = leader_of(task);

	state->informed = 1;
	if (leader)
		leader->informed = 1;
}

static __always_inline void begin_exec(struct exec_key *key, struct task_struct *task,
				       const struct state *state, const struct slot *slot)
{
	key->bounding = set_at(&task->cred->cap_bset);
	key->slot = state->slot;
	key->abi = state->abi;
	/* The runtime's last execve is the container's first. */
	key->phase = state->outside ? PHASE_EXEC : slot->phase;
	key->foreign = slot->userns && slot->userns != (u64)task->cred->user_ns;
}

/* An execve that failed for want of a right: `name` is what it was given. */
static __noinline int execve_left(struct task_struct *task, struct state *state, u64 name)
{
	struct exec_key key = {.failed = 1};
	struct slot *slot;

	if (!task || !state)
		return 0;
	slot = slot_of(state);
	if (!slot)
		return 0;
	begin_exec(&key, task, state, slot);
	bpf_probe_read_user_str(key.path, sizeof(key.path), (void *)name);
	add_count(&execs, &key, state, &slot->lost_execs);
	return 0;
}

/*
 * The path of a file as the task sees it, its last component first, each in a place of its own; as far
 * up as there is room.
 */
static __always_inline void copy_path(char *to, struct task_struct *task, const struct path *path)
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
		if (parent == dentry)	/* a file in memory is in no folder */
			return;
		dentry = parent;
	}
}

static __noinline int executed_file(struct task_struct *task, struct state *state,
				    struct linux_binprm *bprm)
{
	struct exec_key key = {};
	struct file *file;
	struct slot *slot;

	if (!task || !state || !bprm)
		return 0;
	slot = slot_of(state);
	file = BPF_CORE_READ(bprm, file);
	if (!slot || !file)
		return 0;
	begin_exec(&key, task, state, slot);
	copy_path(key.path, task, &file->f_path);
	add_count(&execs, &key, state, &slot->lost_execs);
	return 0;
}

/* On the way into a system call that was let through. */
static __always_inline void held_entered(struct task_struct *task, const struct state *state)
{
	struct sets *now;

	if (call_of(state) != CALL_CAPSET)
		return;
	now = bpf_task_storage_get(&sets, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (now)
		read_sets(now, task->cred);
}

/* On the way out of one. */
static __always_inline void held_left(struct task_struct *task, struct state *state,
				      const struct pt_regs *regs, long ret)
{
	switch (call_of(state)) {
	case CALL_EXECVE:
		if (ret == -EPERM)
			execve_left(task, state, first(state, regs));
		break;
	case CALL_EXECVEAT:
		if (ret == -EPERM)
			execve_left(task, state, second(state, regs));
		break;
	case CALL_CAPGET:
		/* Without a place for the answer it only asks for the version. */
		if (!ret && second(state, regs))
			informed(task, state);
		break;
	case CALL_CAPSET:
		capset_left(task, state, regs, ret);
		break;
	case CALL_PRCTL:
		prctl_left(task, state, regs, ret);
		break;
	default:
		break;
	}
}

#endif
