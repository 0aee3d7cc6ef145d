/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the kernel side and user space share. User space reads these enums and
 * structs from the object's BTF (src/beacon/monitor/btf.py): write no number twice.
 */
#ifndef BEACON_H
#define BEACON_H

enum limit {
	LIMIT_SLOTS = 64,    /* containers watched at the same time */
	LIMIT_NUMBERS = 576, /* system call numbers an ABI can have (x32: up to 547) */
	LIMIT_COMMS = 63,    /* process names told apart; the last bit stands for all others */
	LIMIT_FRAMES = 13,   /* kernel callers kept with a capability check */
	LIMIT_DEPTH = 12,    /* cgroup levels searched upwards for a target */
	LIMIT_PRIVATE = 560, /* here begin the numbers that 32-bit arm keeps for itself */
	LIMIT_CGROUP_FILTER = 4096, /* bits of the filter that turns other cgroups away */
	LIMIT_ARGUMENTS = 3,        /* arguments that make the class of a call */
	LIMIT_CLASSES = 64,         /* classes kept of one call in one slot, phase and ABI */
	LIMIT_COMPONENTS = 8,       /* last parts of an executed file's path that are kept */
	LIMIT_COMPONENT = 32,       /* bytes kept of each, with a NUL */
	LIMIT_CGROUP_NAME = 96,     /* bytes of a joined container's cgroup name, with a NUL */
};

enum phase {
	PHASE_RUNTIME, /* the container runtime's own calls under the filter */
	PHASE_START,
	PHASE_SERVE,
	PHASE_SHUTDOWN,
	PHASE_EXEC, /* processes brought in from outside after the first */
	PHASE_COUNT,
};

/* Those of the processor; the native one is the first. */
enum abi {
#ifdef __TARGET_ARCH_arm64
	ABI_AARCH64,
	ABI_ARM,
#else
	ABI_X86_64,
	ABI_I386,
	ABI_X32,
#endif
	ABI_COUNT,
};

/* One system call number in one slot, phase and ABI. */
struct event {
	u64 count;    /* entered: the filter let it through */
	u64 denied;   /* left without having been entered: answered by the filter */
	u64 killed;   /* the filter ended the thread or process for it */
	u64 trapped;  /* the filter sent SIGSYS for it */
	u64 failed;   /* of those entered, what the kernel failed; not counted for the native ABI */
	u64 first_ns; /* CLOCK_MONOTONIC; 0: never */
	u64 comms;    /* bit n: the process name with id n in `comms` */
	u64 classes;  /* given out; calls without one show as a gap in the classes' counts */
};

/* Which arguments make a call's class. User space writes it before it attaches. */
struct rule {
	u32 masks[LIMIT_ARGUMENTS];
	u8 places[LIMIT_ARGUMENTS]; /* 0: the first argument */
	u8 count;                   /* 0: all calls are alike */
};

struct class_key {
	u32 slot;
	u32 values[LIMIT_ARGUMENTS];
	u16 nr;
	u8 abi;
	u8 phase;
};

struct class_count {
	u64 count;
	u64 denied;
	u64 first_ns;
	u64 comms;
};

/* A watched container. User space owns generation and phase. */
struct slot {
	u64 userns;     /* user namespace of the entry point */
	u64 lost_tasks; /* calls of tasks for which no state could be kept */
	u64 lost_caps;  /* capability checks that were missed, or found their map full */
	u64 lost_comms; /* process names that found their map full */
	u64 lost_execs; /* executed files that found their map full */
	u64 unnumbered; /* calls whose number is beyond LIMIT_NUMBERS */
	u32 generation; /* 0: free */
	u32 phase;
	u32 main_tgid; /* first process that entered the cgroup */
	u32 comms;     /* process name ids given out */
};

struct target {
	u32 slot;
	u32 generation;
};

/* Where a container that was joined gets its cgroup when it is started again. */
struct successor_key {
	u64 parent; /* the id of the cgroup above */
	char name[LIMIT_CGROUP_NAME];
};

struct successor {
	u64 id; /* the container's cgroup now */
	u32 slot;
	u32 generation;
};

struct comm_key {
	u32 slot;
	char comm[COMM_LEN];
};

struct cap_key {
	u64 callers[LIMIT_FRAMES];
	u32 slot;
	u16 nr; /* system call in flight */
	u8 abi;
	u8 phase;
	u8 cap;
	u8 granted;
	u8 not_own_cred; /* of or over a user namespace other than the container's, or lent */
	u8 root_map;
	u8 indifferent; /* the call's arguments leave the answer nothing to decide */
};

/*
 * A question that precedes a write to one's own uid_map: whether root of the container may be
 * mapped there is decided by what who made the namespace held then, without a question.
 */
enum root_map {
	ROOT_MAP_NONE, /* another question, or not of root */
	ROOT_MAP_GRANTED,
	ROOT_MAP_REFUSED,
};

/* Ways to need a capability that the kernel does not ask for. */
enum holding {
	HOLDING_CAPSET,  /* the process installs sets that hold it */
	HOLDING_AMBIENT, /* the process raises it into its ambient set */
	HOLDING_COUNT,
};

/* Capability sets that were demanded, beside those that the task had. */
struct held_key {
	u64 permitted, effective, inheritable;
	u64 had_permitted, had_effective, had_inheritable;
	u32 slot;
	u16 nr;
	u8 abi;
	u8 phase;
	u8 holding;
	u8 granted;
	u8 not_own_cred;
	u8 informed; /* the process read its own sets since its execve */
};

/* A file that was executed, or that could not be for want of a right. */
struct exec_key {
	u64 bounding;
	u32 slot;
	u8 abi;
	u8 phase;
	u8 not_own_cred;
	u8 failed; /* path holds the name that was asked for, in one piece */
	/* the file's name first, then its folder's */
	char path[LIMIT_COMPONENTS * LIMIT_COMPONENT];
};

struct cap_count {
	u64 count;
	u64 opened; /* of these, the last of a call that opened a file that was there */
	u64 first_ns;
	u64 comms;
};

#endif
