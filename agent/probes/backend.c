#include "agent/probes/backend.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "meter.skel.h"

#define RECEIVE_ARGUMENTS 5 /* of tcp_recvmsg(); 6 before Linux 5.19 */

static const struct {
	const char *name;
	const char *means;
	const char *tracepoints[2];
	const char *functions[4];
} backends[BACKENDS] = {
    [BACKEND_TRACEPOINT] = {.name = "tracepoint",
	.means = "the tracepoints sock_send_length and sock_recv_length",
	.tracepoints = {"sock_send_length", "sock_recv_length"}},
    [BACKEND_FENTRY] = {.name = "fentry",
	.means = "the kernel's functions of TCP and unix sockets",
	.functions = {"tcp_sendmsg", "tcp_recvmsg", "unix_stream_sendmsg",
	    "unix_stream_recvmsg"}},
    [BACKEND_SYSCALLS] = {.name = "syscalls",
	.means = "the end of every system call, without io_uring",
	.tracepoints = {"sys_exit"}},
};

const char *backend_name(enum backend backend)
{
	return backend < BACKENDS ? backends[backend].name : "auto";
}

int backend_parse(const char *text, enum backend *backend)
{
	for (enum backend b = 0; b <= BACKEND_AUTO; b++) {
		if (strcmp(text, backend_name(b)) == 0) {
			*backend = b;
			return 0;
		}
	}
	return -EINVAL;
}

const char *backend_means(enum backend backend)
{
	return backends[backend].means;
}

static bool has_tracepoint(const struct btf *kernel, const char *name)
{
	char type[64];

	(void)snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) >= 0;
}

static bool has_function(const struct btf *kernel, const char *name)
{
	return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) >= 0;
}

const char *backend_missing(enum backend backend, const struct btf *kernel)
{
	for (size_t i = 0; i < 2; i++) {
		const char *name = backends[backend].tracepoints[i];

		if (name && !has_tracepoint(kernel, name))
			return name;
	}
	for (size_t i = 0; i < 4; i++) {
		const char *name = backends[backend].functions[i];

		if (name && !has_function(kernel, name))
			return name;
	}
	return NULL;
}

/* Whether the kernel takes a program at the start of that function: some have it and do
 * not. */
static bool takes_program_at(const struct btf *kernel, const char *name)
{
	const struct bpf_insn nothing[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	    {.code = BPF_JMP | BPF_EXIT}};
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);
	struct bpf_prog_load_opts options = {.sz = sizeof(options),
	    .expected_attach_type = BPF_TRACE_FENTRY,
	    .attach_btf_id = (__u32)id};
	int program;

	if (id < 0)
		return false;
	program = bpf_prog_load(
	    BPF_PROG_TYPE_TRACING, NULL, "Dual BSD/GPL", nothing, 2, &options);
	if (program < 0)
		return false;
	(void)close(program);
	return true;
}

static int arguments_of(const struct btf *kernel, const char *name)
{
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(kernel, (__u32)id);

	type = type ? btf__type_by_id(kernel, type->type) : NULL;
	return type ? btf_vlen(type) : -1;
}

void backend_select(
    enum backend backend, const struct btf *kernel, struct meter_bpf *skeleton)
{
	bool functions = backend == BACKEND_FENTRY;
	bool five = arguments_of(kernel, "tcp_recvmsg") == RECEIVE_ARGUMENTS;
	bool syscalls = backend == BACKEND_SYSCALLS;
	const struct {
		struct bpf_program *program;
		bool wanted;
	} programs[] = {
	    {skeleton->progs.on_send, backend == BACKEND_TRACEPOINT},
	    {skeleton->progs.on_receive, backend == BACKEND_TRACEPOINT},
	    {skeleton->progs.on_tcp_send, functions},
	    {skeleton->progs.on_tcp_receive, functions && five},
	    {skeleton->progs.on_tcp_receive_nonblock, functions && !five},
	    {skeleton->progs.on_tcp_sendpage,
		functions && has_function(kernel, "tcp_sendpage")},
	    {skeleton->progs.on_unix_send, functions},
	    {skeleton->progs.on_unix_receive, functions},
	    {skeleton->progs.on_unix_sendpage,
		functions && has_function(kernel, "unix_stream_sendpage")},
	    {skeleton->progs.on_syscall, syscalls},
	    {skeleton->progs.on_unix_close,
		!syscalls && takes_program_at(kernel, "unix_release")},
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		(void)bpf_program__set_autoload(programs[i].program, programs[i].wanted);
	(void)bpf_program__set_autoattach(skeleton->progs.on_unix_close, false);
	skeleton->rodata->by_syscalls = syscalls;
	if (syscalls)
		return;
	(void)bpf_map__set_max_entries(skeleton->maps.keyed_exchanges, 1);
	(void)bpf_map__set_max_entries(skeleton->maps.keyed_connections, 1);
}
