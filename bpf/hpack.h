/* Header blocks of HTTP/2 (RFC 7541), as far as they tell how a response went: the value
 * of :status and whether grpc-status is 0. Pure, as http1.h.
 *
 * An encoder names what it said before by its place in a table that grows with the
 * connection. So every field is walked and the insertions are counted, and only the few
 * entries that matter here are kept. */
#ifndef COLDMETER_BPF_HPACK_H
#define COLDMETER_BPF_HPACK_H

#include "bpf/http_head.h"

#define HPACK_BLOCK_BYTES 512 /* of a header block; a longer one is not walked */
#define HPACK_FIELDS_MAX 64
#define HPACK_KEPT 8         /* entries of the table that matter */
#define HPACK_STATIC_LAST 61 /* RFC 7541, appendix A */
#define HPACK_GRPC 1000      /* what is kept of grpc-status: this, or one more: not 0 */
#define HPACK_UNKNOWN 0

/* What one side has put into its table, and the block of it that is walked. */
struct hpack {
	__u32 inserted;
	__u32 number[HPACK_KEPT]; /* of the insertion, from 1; 0: free */
	__u16 means[HPACK_KEPT];  /* a status, or HPACK_GRPC and more */
	__u32 next;
	__u32 lost; /* a block was not walked: places in the table say nothing */
	__u32 at;
	__u32 len;
	__u16 status; /* what the block says; 0: nothing */
	__u8 grpc;    /* 0: nothing, 1: it is 0, 2: it is not */
	__u8 broken;
	__u8 text[2 * HPACK_BLOCK_BYTES]; /* room behind any offset */
};

static __always_inline __u8 hpack_byte(const struct hpack *w, __u32 at)
{
	return w->text[at & (HPACK_BLOCK_BYTES - 1)];
}

/* An integer with a prefix of so many bits (RFC 7541 section 5.1). */
static __always_inline __u32 hpack_integer(struct hpack *w, __u32 mask)
{
	__u32 n = hpack_byte(w, w->at) & mask;

	w->at++;
	if (n < mask)
		return n;
	for (int shift = 0; shift < 28; shift += 7) {
		__u8 c = hpack_byte(w, w->at);

		w->at++;
		n += (__u32)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return n;
	}
	w->broken = 1;
	return 0;
}

struct hpack_string {
	__u32 at;
	__u32 len;
	__u32 huffman;
};

static __always_inline struct hpack_string hpack_string(struct hpack *w)
{
	struct hpack_string s = {.huffman = hpack_byte(w, w->at) & 0x80};

	s.len = hpack_integer(w, 0x7f);
	s.at = w->at;
	if (s.len > w->len || w->at > w->len - s.len)
		w->broken = 1;
	w->at += s.len;
	return s;
}

/* "grpc-status", plain and in the Huffman code of RFC 7541, appendix B. Without a loop:
 * before 6.8 the verifier takes only some of the shapes that a compiler gives one. */
static __always_inline bool hpack_is_grpc_status(
    const struct hpack *w, const struct hpack_string *s)
{
	const char plain[] = "grpc-status";
	const __u8 coded[] = {0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f};
	__u32 not_plain = s->len ^ (sizeof(plain) - 1);
	__u32 not_coded = s->len ^ sizeof(coded);

	if (not_plain && not_coded)
		return false;
	for (__u32 i = 0; i < sizeof(plain) - 1; i++) {
		__u8 c = hpack_byte(w, s->at + i);

		not_plain |= c ^ (__u8)plain[i];
		if (i < sizeof(coded))
			not_coded |= c ^ coded[i];
	}
	return s->huffman ? !not_coded : !not_plain;
}

/* Three digits; in the Huffman code 0 to 2 have five bits, 3 to 9 six. */
static __always_inline __u16 hpack_status(
    const struct hpack *w, const struct hpack_string *s)
{
	__u32 bits = (__u32)hpack_byte(w, s->at) << 24 |
		     (__u32)hpack_byte(w, s->at + 1) << 16 |
		     (__u32)hpack_byte(w, s->at + 2) << 8;
	__u32 status = 0;

	for (int i = 0; i < 3; i++) {
		__u32 digit = bits >> 24 & 0xff;

		if (!s->huffman) {
			digit -= '0';
			bits <<= 8;
		} else if (bits >> 27 < 3) {
			digit = bits >> 27;
			bits <<= 5;
		} else {
			digit = (bits >> 26) - 25 + 3;
			bits <<= 6;
		}
		if (digit > 9)
			return HPACK_UNKNOWN;
		status = status * 10 + digit;
	}
	return s->len == 3 || s->huffman ? (__u16)status : HPACK_UNKNOWN;
}

static __always_inline __u16 hpack_grpc(
    const struct hpack *w, const struct hpack_string *s)
{
	__u8 zero = s->huffman ? 0x07 : '0';

	return s->len == 1 && hpack_byte(w, s->at) == zero ? HPACK_GRPC : HPACK_GRPC + 1;
}

/* What the entry at a place means: a status, HPACK_GRPC and more, or HPACK_UNKNOWN. */
static __always_inline __u16 hpack_at(const struct hpack *t, __u32 place)
{
	__u32 number;

	switch (place) { /* of the static table */
	case 8:
		return 200;
	case 9:
		return 204;
	case 10:
		return 206;
	case 11:
		return 304;
	case 12:
		return 400;
	case 13:
		return 404;
	case 14:
		return 500;
	default:
		break;
	}
	if (place <= HPACK_STATIC_LAST || t->lost)
		return HPACK_UNKNOWN;
	number = t->inserted - (place - HPACK_STATIC_LAST - 1);
	for (int i = 0; i < HPACK_KEPT; i++) {
		if (t->number[i] == number && number)
			return t->means[i];
	}
	return HPACK_UNKNOWN;
}

static __always_inline void hpack_says(struct hpack *w, __u16 means)
{
	if (means >= HPACK_GRPC)
		w->grpc = (__u8)(means - HPACK_GRPC + 1);
	else if (means)
		w->status = means;
}

static __always_inline void hpack_insert(struct hpack *t, __u16 means)
{
	t->inserted++;
	if (!means)
		return;
	t->number[t->next & (HPACK_KEPT - 1)] = t->inserted;
	t->means[t->next & (HPACK_KEPT - 1)] = means;
	t->next++;
}

static __always_inline void hpack_literal(struct hpack *w, __u32 mask, bool inserts)
{
	__u32 place = hpack_integer(w, mask);
	__u16 named = place ? hpack_at(w, place) : HPACK_UNKNOWN;
	struct hpack_string name = {0};
	struct hpack_string value;
	__u16 means = HPACK_UNKNOWN;

	if (!place)
		name = hpack_string(w);
	value = hpack_string(w);
	if (w->broken)
		return;
	if (place ? named >= HPACK_GRPC : hpack_is_grpc_status(w, &name))
		means = hpack_grpc(w, &value);
	else if (named)
		means = hpack_status(w, &value);
	hpack_says(w, means);
	if (inserts)
		hpack_insert(w, means);
}

/* One field; 1 at the end of the block. */
VERIFIED_ONCE int hpack_field(struct hpack *w)
{
	__u8 c;

	if (!w || w->at >= w->len || w->broken)
		return 1;
	c = hpack_byte(w, w->at);
	if (c & 0x80)
		hpack_says(w, hpack_at(w, hpack_integer(w, 0x7f)));
	else if ((c & 0xe0) == 0x20)
		(void)hpack_integer(w, 0x1f); /* the table's size is changed */
	else
		hpack_literal(w, c & 0x40 ? 0x3f : 0x0f, c & 0x40);
	return 0;
}

static long hpack_step(__u32 i, struct hpack **context)
{
	(void)i;
	return hpack_field(*context) ? 1 : 0;
}

/* Walks the block at w->at to w->len. A block that is broken or not whole loses the
 * table. */
static __always_inline void hpack_walk(struct hpack *w)
{
	struct hpack *context = w;

	w->status = w->grpc = w->broken = 0;
	bpf_loop(HPACK_FIELDS_MAX, hpack_step, &context, 0);
	if (w->broken || w->at != w->len)
		w->lost = 1;
}

#endif
