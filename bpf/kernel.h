/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The few kernel types that the program reads. libbpf relocates every field
 * against the running kernel's BTF, so only names matter here, not offsets;
 * a generated vmlinux.h would tie the build to the build machine's kernel.
 */
#ifndef BEACON_KERNEL_H
#define BEACON_KERNEL_H

/* bpf_tracing.h then names registers as the kernel does (di, si, dx; user_pt_regs). */
#define __VMLINUX_H__

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef int pid_t;

#define COMM_LEN 16

#include <bpf/bpf_helpers.h>
#include "beacon.h"
#include "arch.h"

/* include/linux/sched.h */
#define PF_IO_WORKER 0x10
/*
 * kernel/seccomp.c: no call of this task is answered any more. Since Linux 5.17, commit
 * 495ac3069a62 ("seccomp: Invalidate seccomp mode to catch death failures"), and in stable releases
 * of 2022.
 */
#define SECCOMP_MODE_DEAD 3
/* include/uapi/asm-generic/signal.h (x86's is the same), siginfo.h */
#define SIGSYS 31
#define SYS_SECCOMP 1
/* include/linux/err.h */
#define MAX_ERRNO 4095
/* include/uapi/asm-generic/errno-base.h */
#define EPERM 1
/* include/uapi/linux/capability.h */
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FSETID 4
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SYS_ADMIN 21
#define _LINUX_CAPABILITY_VERSION_1 0x19980330
/* include/uapi/linux/stat.h */
#define S_ISGID 02000
/* include/linux/fs.h: the call that opened the file made it. */
#define FMODE_CREATED 0x100000
/* include/uapi/linux/prctl.h */
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seccomp {
	int mode;
};

struct user_namespace {
	struct user_namespace *parent;
	int level;
	bool parent_could_setfcap;
};

typedef struct {
	u32 val;
} kuid_t;

/*
 * 8 bytes; its one member changed its name and type in Linux 6.3, commit f122a08b197d
 * ("capability: just use a 'u64' instead of a 'u32[2]' array").
 */
typedef struct {
} kernel_cap_t;

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kuid_t gid, sgid, egid, fsgid; /* kgid_t, of the same form */
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset;
	struct user_namespace *user_ns;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
};

struct linux_binprm {
	struct file *file;
};

struct kernfs_node {
	u64 id;
	const char *name;
};

struct cgroup;
struct cgroup_root;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

enum cgroup_subsys_id {
	pids_cgrp_id,
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct kernel_siginfo {
	int si_code;
};

struct signal_struct {
	int group_exit_code;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int exit_code;
	struct signal_struct *signal;
	struct css_set *cgroups;
	const struct cred *real_cred;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct seccomp seccomp;
	struct task_struct *group_leader;
	pid_t tgid;
	char comm[COMM_LEN];
};

#pragma clang attribute pop

#endif
