/* What a descriptor of a process leads to. */
#ifndef COLDMETER_BPF_DESCRIPTOR_BPF_H
#define COLDMETER_BPF_DESCRIPTOR_BPF_H

#include "bpf/sandbox.bpf.h"

#define S_IFMT 0170000 /* include/uapi/linux/stat.h */
#define S_IFSOCK 0140000

static __always_inline __u32 descriptors_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, files, fdt, max_fds);
}

/* Of the current process; NULL: there is none. */
static __noinline struct file *file_at(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file;

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		return NULL;
	return file;
}

/* NULL: it is no socket. */
static __noinline struct sock *socket_of(struct file *file)
{
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

#endif
