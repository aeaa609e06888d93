/* Kernel differences, asked of the types and never of a version. */
#ifndef COLDMETER_BPF_CORE_COMPAT_BPF_H
#define COLDMETER_BPF_CORE_COMPAT_BPF_H

#include "bpf/sandbox.bpf.h"

/* The change time of an inode moved: i_ctime, then __i_ctime (6.6), then two fields
 * (6.11). */
struct inode___first {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___second {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

struct inode___third {
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
} __attribute__((preserve_access_index));

/* Wall time. */
static __always_inline __u64 inode_changed_ns(struct inode *inode)
{
	struct inode___first *first = (void *)inode;
	struct inode___second *second = (void *)inode;
	struct inode___third *third = (void *)inode;

	if (bpf_core_field_exists(third->i_ctime_sec))
		return (__u64)BPF_CORE_READ(third, i_ctime_sec) * 1000000000 +
		       BPF_CORE_READ(third, i_ctime_nsec);
	if (bpf_core_field_exists(second->__i_ctime))
		return (__u64)BPF_CORE_READ(second, __i_ctime.tv_sec) * 1000000000 +
		       BPF_CORE_READ(second, __i_ctime.tv_nsec);
	return (__u64)BPF_CORE_READ(first, i_ctime.tv_sec) * 1000000000 +
	       BPF_CORE_READ(first, i_ctime.tv_nsec);
}

#endif
