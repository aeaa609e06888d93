/* Requests with which a platform runs a server and that are no invocations. Pure.
 *
 * OpenWhisk: https://github.com/apache/openwhisk/blob/master/docs/actions-new.md (/init,
 * /run). Fission: its environments' /specialize and /v2/specialize. OpenFaaS: the
 * watchdogs' /_/health and /_/ready. */
#ifndef COLDMETER_BPF_CONTROL_H
#define COLDMETER_BPF_CONTROL_H

#include "bpf/http_head.h"

static __always_inline bool is_specialize(const char *h)
{
	return load_u64(h) == WORD('/', 's', 'p', 'e', 'c', 'i', 'a', 'l') &&
	       load_u32(h + 8) == (__u32)WORD('i', 'z', 'e', ' ', 0, 0, 0, 0);
}

/* "POST /init ", "POST /specialize ", "POST /v2/specialize " */
static __always_inline bool is_told_to_become(const struct message *m, __u32 speaks)
{
	const char *h = m->head;

	if (load_u32(h) != (__u32)WORD('P', 'O', 'S', 'T', 0, 0, 0, 0) || h[4] != ' ')
		return false;
	if (speaks & SPEAKS_OPENWHISK &&
	    load_u32(h + 5) == (__u32)WORD('/', 'i', 'n', 'i', 0, 0, 0, 0) &&
	    h[9] == 't' && h[10] == ' ')
		return true;
	return is_specialize(h + 5) ||
	       (h[5] == '/' && h[6] == 'v' && h[7] == '2' && is_specialize(h + 8));
}

/* The head of a request that begins, scanned; speaks: SPEAKS_ of the sandbox. */
static __always_inline enum http_control http_control_of(
    const struct message *m, __u32 speaks)
{
	if (m->probe)
		return CONTROL_PROBE;
	if (speaks & SPEAKS_OPENFAAS &&
	    load_u64(m->head) == WORD('G', 'E', 'T', ' ', '/', '_', '/', 'h'))
		return CONTROL_PROBE;
	if (speaks & SPEAKS_OPENFAAS &&
	    load_u64(m->head) == WORD('G', 'E', 'T', ' ', '/', '_', '/', 'r'))
		return CONTROL_PROBE;
	if (is_told_to_become(m, speaks))
		return m->end && m->end < m->head_len ? CONTROL_INIT : CONTROL_INIT_BODY;
	return CONTROL_NONE;
}

#endif
