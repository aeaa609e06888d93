/* Heads of HTTP messages: where they end and what they say. Pure: compiled for the kernel
 * and, for tests and fuzzing, for user space. */
#ifndef COLDMETER_BPF_HTTP_HEAD_H
#define COLDMETER_BPF_HTTP_HEAD_H

#include "bpf/pure.h"

#define HEAD_BYTES 1024    /* of a message that are looked at */
#define HEAD_ROOM_BYTES 96 /* copies of a fixed length may reach beyond */
#define STEP_LOOKS 16      /* of sixteen bytes each, in one step */
#define NUMBER_DIGITS 17   /* with a blank in front: 2^53 has 16 */
#define TAIL_BYTES 5       /* "0 CRLF CRLF", the end of chunks */

/* What a platform asks of a server that is no invocation. */
enum http_control {
	CONTROL_NONE,
	CONTROL_PROBE,
	CONTROL_INIT,     /* to become a function, which its body names */
	CONTROL_INIT_BODY /* the same, that body is still to come */
};

/* What its names may come from. */
enum exchange_target { TARGET_NONE, TARGET_REQUEST, TARGET_FRONT_DOOR };

/* What one read or write moved, as far as it is looked at. */
struct message {
	char tail[8];
	__u32 head_len;
	__u32 tail_len; /* of what is not in head */
	__u32 is_whole; /* head has all of it */
	/* found by scan_head(); 0: absent */
	__u32 end;  /* offset behind the empty line */
	__u32 line; /* offset of the last line that begins in it */
	__u32 at;   /* where the scan is */
	__u32 id;
	__u32 trace;
	__u32 deadline;
	__s64 length; /* Content-Length, -1: none */
	__u32 chunked;
	__u32 h2c;    /* "Upgrade: h2c" */
	__u32 probe;  /* it is a platform's question whether this server lives */
	__u32 failed; /* "X-Amz-Function-Error": it answers for a function that failed */
	char head[2 * HEAD_BYTES + HEAD_ROOM_BYTES]; /* a zero byte is behind head_len */
};

#define FOLD 0x2020202020202020ULL
/* Eight characters as the little-endian word that a load of them gives. */
#define WORD(a, b, c, d, e, f, g, h)                                                     \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 |            \
	    (__u64)(e) << 32 | (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

static __always_inline __u64 word_at(const struct message *s, __u32 at)
{
	return load_u64(&s->head[at & (HEAD_BYTES - 1)]);
}

/* The number at offset at, -1 when its end is not there or it is none. */
VERIFIED_ONCE __s64 number_at(const struct message *s, __u32 at)
{
	__s64 n = -1;

	if (!s)
		return n;
	for (int i = 0; i < NUMBER_DIGITS + 1; i++) {
		char c = s->head[(at + i) & (HEAD_BYTES - 1)];

		if (at + i >= s->head_len)
			return -1;
		if (c == ' ' && n < 0)
			continue;
		if (c < '0' || c > '9')
			return n;
		n = (n < 0 ? 0 : n * 10) + (c - '0');
	}
	return -1;
}

/* Marks zero bytes in their highest bits: exact for the lowest one, which is all that is
 * asked here. */
static __always_inline __u64 zeros_in(__u64 word)
{
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

/* How many bytes there are up to the first mark, with it. */
static __always_inline __u32 bytes_to_mark(__u64 marks)
{
	__u64 below = marks ^ (marks - 1); /* all bits up to the first mark */

	return (__u32)(((below & 0x0101010101010101ULL) * 0x0101010101010101ULL) >> 56);
}

/* As number_at(), which looks closer at what has not one to seven digits. */
static __always_inline __s64 short_number_at(const struct message *s, __u32 at)
{
	__u32 first = at + (s->head[at & (HEAD_BYTES - 1)] == ' ');
	__u64 digits = word_at(s, first) ^ 0x3030303030303030ULL;
	__u64 others =
	    ((digits + 0x7676767676767676ULL) | digits) & 0x8080808080808080ULL;
	__u32 n = bytes_to_mark(others) - 1;

	if (unlikely(!others || !n || first + n >= s->head_len))
		return number_at(s, at);
	/* from there on by pairs, fours and eights */
	digits <<= 64 - 8 * n;
	digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ffULL;
	digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffffULL;
	return (__u32)(digits * 10000 + (digits >> 32));
}

/* What a scan is for. Each place that scans says so with a constant: what it does not ask
 * for is not in its code. */
enum scan_for {
	SCAN_ALL,
	SCAN_REQUEST, /* its end, trace, probe */
	SCAN_RESPONSE /* its end, length, chunked, h2c */
};

#define LETTER(c) (1U << ((c)&31))

/* What names that say something begin with. */
static __always_inline __u32 header_letters(enum scan_for what)
{
	switch (what) {
	case SCAN_REQUEST:
		return LETTER('t') | LETTER('l') | LETTER('u') | LETTER('k') |
		       LETTER('x');
	case SCAN_RESPONSE:
		return LETTER('c') | LETTER('t') | LETTER('u');
	case SCAN_ALL:
		break;
	}
	return LETTER('c') | LETTER('t') | LETTER('l') | LETTER('u') | LETTER('k') |
	       LETTER('x');
}

static __always_inline void header_at(struct message *s, __u32 at, enum scan_for what)
{
	bool request = what != SCAN_RESPONSE;
	bool response = what != SCAN_REQUEST;
	__u64 a = word_at(s, at) | FOLD;
	__u64 b = word_at(s, at + 8) | FOLD;

	if (response && a == WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
		if ((b & 0xffffffffffffffULL) ==
		    (WORD('l', 'e', 'n', 'g', 't', 'h', ':', 0) & 0xffffffffffffffULL))
			s->length = short_number_at(s, at + 15);
	} else if (response && a == WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r')) {
		s->chunked = 1;
	} else if (request && a == WORD('l', 'a', 'm', 'b', 'd', 'a', '-', 'r')) {
		if (b == WORD('u', 'n', 't', 'i', 'm', 'e', '-', 't'))
			s->trace = at + 24;
		else if (what == SCAN_REQUEST)
			return;
		else if (b == WORD('u', 'n', 't', 'i', 'm', 'e', '-', 'a'))
			s->id = at + 30; /* lambda-runtime-aws-request-id: */
		else if (b == WORD('u', 'n', 't', 'i', 'm', 'e', '-', 'd'))
			s->deadline = at + 27;
	} else if (request && a == WORD('t', 'r', 'a', 'c', 'e', 'p', 'a', 'r')) {
		if (!s->trace)
			s->trace = at + 12;
	} else if (request && a == WORD('u', 's', 'e', 'r', '-', 'a', 'g', 'e')) {
		if (b == WORD('n', 't', ':', ' ', 'k', 'u', 'b', 'e'))
			s->probe = 1; /* User-Agent: kube-probe/1.29 */
	} else if (request && (a == WORD('k', '-', 'n', 'e', 't', 'w', 'o', 'r') ||
				  a == WORD('k', '-', 'k', 'u', 'b', 'e', 'l', 'e'))) {
		s->probe = 1; /* Knative's K-Network-Probe, K-Kubelet-Probe */
	} else if (what == SCAN_ALL &&
		   a == WORD('x', '-', 'a', 'm', 'z', '-', 'f', 'u')) {
		s->failed = b == WORD('n', 'c', 't', 'i', 'o', 'n', '-', 'e');
	} else if (request && a == WORD('x', '-', 'a', 'm', 'z', 'n', '-', 't') &&
		   b == WORD('r', 'a', 'c', 'e', '-', 'i', 'd', ':')) {
		s->trace = at + 16;
	} else if (response && a == WORD('u', 'p', 'g', 'r', 'a', 'd', 'e', ':')) {
		s->h2c = (b & 0xffffffff) == 0x63326820; /* " h2c" */
	}
}

/* Looks at the line that starts at offset at. True at the empty line that ends the head.
 */
static __always_inline bool line_at(struct message *s, __u32 at, enum scan_for what)
{
	char c;

	if (at <= s->head_len)
		s->line = at;
	if (at >= s->head_len || at >= HEAD_BYTES)
		return 0;
	c = s->head[at & (HEAD_BYTES - 1)];
	if (c == '\r' || c == '\n') {
		s->end = at + (c == '\r' ? 2 : 1);
		return 1;
	}
	if (header_letters(what) & 1U << (c & 31))
		header_at(s, at, what);
	return 0;
}

#define LINE_FEEDS 0x0a0a0a0a0a0a0a0aULL

/* How many of the sixteen bytes there are up to the first line feed, with it; 0: there is
 * none. */
static __always_inline __u32 bytes_of_line(const struct message *s, __u32 at)
{
	__u64 first = zeros_in(word_at(s, at) ^ LINE_FEEDS);
	__u64 second = zeros_in(word_at(s, at + 8) ^ LINE_FEEDS);

	if (first)
		return bytes_to_mark(first);
	return second ? 8 + bytes_to_mark(second) : 0;
}

struct scan {
	struct message *message;
	__u32 at;
};

/* True: the head or the text has ended. Most heads take one of these: a call costs more
 * than a few words do. */
static __always_inline bool scan_looks(struct scan *scan, enum scan_for what)
{
	struct message *s = scan->message;
	__u32 at = scan->at;

	for (int look = 0; look < STEP_LOOKS; look++) {
		__u32 n;

		if (unlikely(at >= s->head_len || at >= HEAD_BYTES))
			return true;
		n = bytes_of_line(s, at);
		s->at = at + (n ? n : 16);
		at = *(volatile __u32 *)&s->at; /* of what the verifier knows nothing */
		if (n && line_at(s, at, what))
			return true;
	}
	scan->at = at;
	return false;
}

static long scan_step(__u32 i, struct scan *scan)
{
	(void)i;
	return scan_looks(scan, SCAN_ALL);
}

static __always_inline void scan_begins(struct message *s)
{
	s->end = s->id = s->trace = s->deadline = s->chunked = s->line = s->h2c = 0;
	s->probe = s->failed = 0;
	s->length = -1;
}

/* From the start of the text. */
static __always_inline void scan_lines(struct message *s, enum scan_for what)
{
	struct scan scan = {s, 0};

	if (unlikely(!scan_looks(&scan, what))) /* at most: a step takes a byte or more */
		bpf_loop(HEAD_BYTES, scan_step, &scan, 0);
	/* a name at the very end of the piece, its value is not here */
	if (s->trace > s->head_len)
		s->trace = 0;
	if (s->id > s->head_len)
		s->id = 0;
}

/* A piece that continues a head begins with what was left of the piece before: put there
 * by the reader, at the start of head. */
VERIFIED_ONCE int scan_head(
    struct message *s, const struct head_rest *before, bool continued)
{
	if (!s || !before)
		return 0;
	scan_begins(s);
	if (!continued || before->cut || !line_at(s, 0, SCAN_ALL))
		scan_lines(s, SCAN_ALL);
	return 0;
}

/* A head that is whole, or of which nothing else is asked. In place: it costs no call. */
static __always_inline void scan_for(struct message *s, enum scan_for what)
{
	scan_begins(s);
	scan_lines(s, what);
}

/* What is left of a piece that did not end the head. */
static __always_inline void keep_rest(const struct message *s, struct head_rest *rest)
{
	__u32 at = s->line;
	__u32 n = s->head_len > at ? s->head_len - at : 0;

	rest->cut = rest->bytes = 0;
	if (n >= HEAD_REST_BYTES || s->head_len >= HEAD_BYTES) {
		rest->cut = 1;
		return;
	}
	rest->bytes = (__u8)n;
	__builtin_memcpy(rest->text, &s->head[at & (HEAD_BYTES - 1)], HEAD_REST_BYTES);
}

/* Whether the end of chunks ends what was written: with this write of n bytes, which may
 * hold only some of its five, or with those before, whose last are in tail. */
static __always_inline bool ends_chunks(const struct message *s, int n, char *tail)
{
	if (s->is_whole && s->head_len >= TAIL_BYTES) {
		__u32 at = s->head_len - TAIL_BYTES;

		for (__u32 i = 0; i < TAIL_BYTES; i++)
			tail[i] = s->head[(at + i) & (HEAD_BYTES - 1)];
	} else if (s->tail_len == TAIL_BYTES) {
		__builtin_memcpy(tail, s->tail, TAIL_BYTES);
	} else if (n < TAIL_BYTES && s->head_len == (__u32)n) {
		for (int i = 0; i < TAIL_BYTES - 1 && i < n; i++) {
			tail[0] = tail[1];
			tail[1] = tail[2];
			tail[2] = tail[3];
			tail[3] = tail[4];
			tail[4] = s->head[i];
		}
	} else {
		tail[0] = 0;
	}
	return tail[0] == '0' && tail[1] == '\r' && tail[2] == '\n' && tail[3] == '\r' &&
	       tail[4] == '\n';
}

static __always_inline void copy_id(const struct message *s, char *to)
{
	__u32 at = s->id & (HEAD_BYTES - 1);

	if (s->head[at] == ' ')
		at = (at + 1) & (HEAD_BYTES - 1);
	__builtin_memcpy(to, &s->head[at], 36);
	to[36] = 0;
}

/* Whether a trace, as copy_trace() left it, is that of a keep-warm ping: the first half
 * of PING_TRACE_MARK (model/invocation.h) where it stands in a traceparent, or in the
 * root of AWS, each with a blank in front or without. */
static __always_inline bool trace_is_ping(const char *trace)
{
	const __u64 mark = WORD('c', '0', '1', 'd', 'c', '0', '1', 'd');

	return load_u64(trace + 4) == mark || load_u64(trace + 17) == mark ||
	       load_u64(trace + 3) == mark || load_u64(trace + 16) == mark;
}

#define FRONT_DOOR_BYTES 27

/* Lambda's invoke API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
static __always_inline bool is_front_door(const struct message *s)
{
	const char *h = s->head;

	return load_u64(h) == WORD('P', 'O', 'S', 'T', ' ', '/', '2', '0') &&
	       load_u64(h + 8) == WORD('1', '5', '-', '0', '3', '-', '3', '1') &&
	       load_u64(h + 16) == WORD('/', 'f', 'u', 'n', 'c', 't', 'i', 'o') &&
	       h[24] == 'n' && h[25] == 's' && h[26] == '/';
}

/* "/2018-06-01/runtime/" at that offset, of any date. */
static __always_inline bool is_runtime_path(const char *h)
{
	return h[0] == '/' && h[1] == '2' && h[5] == '-' && h[8] == '-' &&
	       load_u64(h + 12) == WORD('r', 'u', 'n', 't', 'i', 'm', 'e', '/');
}

/* A runtime that asks its Runtime API for an event, or answers. */
static __always_inline bool is_runtime_call(const struct message *s)
{
	return is_runtime_path(s->head + 4) || is_runtime_path(s->head + 5);
}

static __always_inline void copy_trace(const struct message *s, char *to)
{
	__u32 at = s->trace & (HEAD_BYTES - 1);

	if (!s->trace)
		return;
	__builtin_memcpy(to, &s->head[at], RECORD_TRACE_BYTES - 1);
	to[RECORD_TRACE_BYTES - 1] = 0;
}

#endif
