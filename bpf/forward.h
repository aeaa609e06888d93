/* Connections from one server of a sandbox to another: as both sides know them. */
#ifndef COLDMETER_BPF_FORWARD_H
#define COLDMETER_BPF_FORWARD_H

#include "bpf/record.h"

/* A connection over loopback from a server to another of its own sandbox: what comes in
 * on it is part of the invocation that the first one handles. */
struct forward {
	__u32 net; /* namespace, inode number */
	__u16 from_port;
	__u16 to_port;
};

/* Who is at its near end. */
struct forwarder {
	__u64 sandbox;
	__u32 pid;
	__u32 padding;
};

#endif
