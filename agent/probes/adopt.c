/* Sockets that are older than the probes are made known to them. */
#include <bpf/bpf.h>
#include <sys/socket.h>

#include "agent/probes/inside.h"

/* The back-end of system calls finds a connection by its cookie. */
static void adopt_by_cookie(
    struct probes *probes, int fd, const struct exchange *exchange)
{
	__u64 cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0)
		(void)bpf_map_update_elem(
		    bpf_map__fd(probes->skeleton->maps.keyed_exchanges), &cookie,
		    exchange, BPF_NOEXIST);
}

int probes_adopt_socket(struct probes *probes, int fd, const struct exchange *exchange)
{
	if (probes->backend == BACKEND_SYSCALLS)
		adopt_by_cookie(probes, fd, exchange);
	return bpf_map_update_elem(
	    bpf_map__fd(probes->skeleton->maps.exchanges), &fd, exchange, BPF_NOEXIST);
}

int probes_adopt_forward(struct probes *probes, const struct forward *forward,
    const struct forwarder *forwarder)
{
	return bpf_map_update_elem(bpf_map__fd(probes->skeleton->maps.forwards), forward,
	    forwarder, BPF_NOEXIST);
}

int probes_find_forwarder(
    struct probes *probes, const struct forward *forward, struct forwarder *forwarder)
{
	return bpf_map_lookup_elem(
	    bpf_map__fd(probes->skeleton->maps.forwards), forward, forwarder);
}
