/* The ways in which the probes see what sockets move: one for each age of kernels. */
#ifndef COLDMETER_AGENT_PROBES_BACKEND_H
#define COLDMETER_AGENT_PROBES_BACKEND_H

struct btf;
struct meter_bpf;

/* In order of preference. */
enum backend {
	BACKEND_TRACEPOINT, /* sock_send_length and sock_recv_length: Linux 6.3 and later
			     */
	BACKEND_FENTRY,     /* the kernel's functions of TCP and unix sockets */
	BACKEND_SYSCALLS,   /* the end of every system call of the host */
	BACKENDS,
	BACKEND_AUTO = BACKENDS /* the first that works */
};

const char *backend_name(enum backend backend);

/* By its name or "auto". 0, or -EINVAL when there is none of that name. */
int backend_parse(const char *text, enum backend *backend);

/* How it sees, in a few words. */
const char *backend_means(enum backend backend);

/* The first tracepoint or function that the kernel does not have and it needs, or NULL.
 */
const char *backend_missing(enum backend backend, const struct btf *kernel);

/* Has skeleton load only what it needs on this kernel. Between open and load. */
void backend_select(
    enum backend backend, const struct btf *kernel, struct meter_bpf *skeleton);

#endif
