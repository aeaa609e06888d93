#include "model/rollup_pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "model/rollup_parts.h"

#define VALUE_MAX                                                                        \
	(UINT64_C(1) << 62) /* a bit is needed beside it, and one for the sign */
#define NS_PER_MS UINT64_C(1000000)
#define RUN_STEP_MS 100
#define AZURE_STEP_MB 128
#define PAGE_BYTES 4096
#define MCPU 1000 /* of a vCPU: see plan_gcp.c */
#define FLEX_LEAST_MS 1000
#define US_NS 1000

/* How a counter is guessed and written. */
enum guess {
	PLAIN,      /* 0 */
	ONE,        /* 1 beside invocations */
	SAME,       /* as many as invocations */
	OTHERS,     /* the invocations that the other statuses leave */
	BUSY,       /* as long as all took */
	BILLED,     /* duration and init, each half a millisecond more */
	RUN_BILLED, /* the same in steps of 100 ms */
	/* written in units of something: */
	PAGES,
	AZURE,     /* durations at the smallest size */
	TIMES_AWS, /* a whole multiple of the milliseconds of AWS */
	TIMES_RUN, /* of those of Cloud Run, with the size of AWS */
	TIMES_CPU, /* the same, a thousand times most often */
	/* by the size of AWS, that most plans bill: */
	FLEX,     /* an instance's size, a second for each */
	GCF,      /* the size of a step, for as long as Cloud Run bills */
	GCF_CPU,  /* the CPU that comes with the step */
	HOST_CPU, /* CPU time, half a microsecond less for each */
	HOST_MB,  /* the highest peak for all of the time */
	INIT,     /* all inits */
	RESTORE   /* all that were cold */
};

#define AT(member, guess)                                                                \
	{                                                                                \
		offsetof(struct rollup, member), guess                                   \
	}

/* In the order of the coding, those that are seldom right or 0 first: append, never
 * reorder. What a guess rests on comes before it. From GUESSED on all are plain to
 * VERSION_2, where the fields of that version end, and again from PLAIN_AGAIN on. */
static const struct field {
	size_t offset;
	enum guess guess;
} fields[] = {
    AT(invocations, PLAIN),
    AT(duration_ns, PLAIN),
    AT(cpu_ns, PLAIN),
    AT(memory_max_bytes, PAGES),
    AT(cold, PLAIN),
    AT(init_ns, PLAIN),
    AT(usage.item[USAGE_AWS_BILLED_MS], BILLED),
    AT(usage.item[USAGE_AWS_MB_MS], TIMES_AWS),
    AT(usage.item[USAGE_AZURE_MB_MS], AZURE),
    AT(busy_ns, BUSY),
    AT(usage.item[USAGE_RUN_BILLED_MS], RUN_BILLED),
    AT(usage.item[USAGE_RUN_MB_MS], TIMES_RUN),
    AT(by_status[STATUS_ERROR], PLAIN),
    AT(request_bytes, PLAIN),
    AT(response_bytes, PLAIN),
    AT(concurrency_max, ONE),
    AT(by_status[STATUS_TIMEOUT], PLAIN),
    AT(by_status[STATUS_OOM], PLAIN),
    AT(by_status[STATUS_CRASH], PLAIN),
    AT(by_status[STATUS_INIT_ERROR], PLAIN),
    AT(by_status[STATUS_ABORTED], PLAIN),
    AT(by_status[STATUS_OK], OTHERS),
    AT(usage.item[USAGE_AWS_REQUESTS], SAME),
    AT(usage.item[USAGE_AZURE_EXECUTIONS], SAME),
    AT(usage.item[USAGE_RUN_REQUESTS], SAME),
    AT(usage.item[USAGE_RUN_MCPU_MS], TIMES_CPU),
    AT(usage.item[USAGE_AWS_TMP_MB_MS], PLAIN),
    AT(prewarmed, PLAIN),
    AT(lost[LOST_SHED], PLAIN),
    AT(lost[LOST_RING_FULL], PLAIN),
    AT(lost[LOST_MAP_FULL], PLAIN),
    AT(lost[LOST_UNNAMED], PLAIN),
    AT(lost[LOST_SPOOL_FULL], PLAIN),
    AT(lost[LOST_READ_FAULT], PLAIN),
    AT(lost[LOST_AGENT_GONE], PLAIN),
    AT(lost[LOST_REFUSED], PLAIN),
    AT(pings, PLAIN),
    AT(cold_pings, PLAIN),
    AT(ping_usage.item[USAGE_AWS_REQUESTS], PLAIN),
    AT(ping_usage.item[USAGE_AWS_BILLED_MS], PLAIN),
    AT(ping_usage.item[USAGE_AWS_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_AZURE_EXECUTIONS], PLAIN),
    AT(ping_usage.item[USAGE_AZURE_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_RUN_REQUESTS], PLAIN),
    AT(ping_usage.item[USAGE_RUN_BILLED_MS], PLAIN),
    AT(ping_usage.item[USAGE_RUN_MCPU_MS], PLAIN),
    AT(ping_usage.item[USAGE_RUN_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_AWS_TMP_MB_MS], PLAIN),
    AT(usage.item[USAGE_HOST_CPU_US], HOST_CPU),
    AT(usage.item[USAGE_HOST_MB_MS], HOST_MB),
    AT(usage.item[USAGE_FLEX_MB_MS], FLEX),
    AT(usage.item[USAGE_GCF_MB_MS], GCF),
    AT(usage.item[USAGE_GCF_MHZ_MS], GCF_CPU),
    AT(usage.item[USAGE_AWS_INIT_MB_MS], INIT),
    AT(usage.item[USAGE_AWS_RESTORE_MB], RESTORE),
    AT(ping_usage.item[USAGE_FLEX_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_GCF_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_GCF_MHZ_MS], PLAIN),
    AT(ping_usage.item[USAGE_HOST_CPU_US], PLAIN),
    AT(ping_usage.item[USAGE_HOST_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_AWS_INIT_MB_MS], PLAIN),
    AT(ping_usage.item[USAGE_AWS_RESTORE_MB], PLAIN),
};

#define GUESSED 26
#define VERSION_2 48
#define PLAIN_AGAIN 55
#define FIELDS (sizeof(fields) / sizeof(fields[0]))
#define BITS_BYTES ((FIELDS + 7) / 8)

_Static_assert(FIELDS == ROLLUP_COUNTERS + STATUS_COUNT + 2 * USAGE_ITEMS,
    "a new counter belongs at the end of fields");

static uint64_t *field(struct rollup *r, size_t i)
{
	return (uint64_t *)((char *)r + fields[i].offset);
}

static uint64_t field_value(const struct rollup *r, size_t i)
{
	return *(const uint64_t *)((const char *)r + fields[i].offset);
}

static uint64_t others(const struct rollup *r)
{
	uint64_t ok = r->invocations;

	for (int i = 0; i < STATUS_COUNT; i++)
		ok -= i == STATUS_OK ? 0 : r->by_status[i];
	return ok < VALUE_MAX ? ok : 0;
}

/* The size that AWS bills, in MiB, where it is one. */
static uint64_t aws_size(const struct rollup *r)
{
	uint64_t ms = r->usage.item[USAGE_AWS_BILLED_MS];

	return ms ? r->usage.item[USAGE_AWS_MB_MS] / ms : 0;
}

/* The sizes of plan_azure_flex.c; those of plan_gcp_functions.c, with the CPU. */
static uint64_t flex_size(const struct rollup *r)
{
	uint64_t mb = aws_size(r);

	return mb <= 512 ? 512 : mb <= 2048 ? 2048 : 4096;
}

static uint64_t gcf_size(const struct rollup *r, uint64_t *mhz)
{
	static const uint16_t cpu[] = {200, 400, 800, 1400, 2400, 4800, 4800};
	uint64_t mb = aws_size(r);
	size_t i = 0;

	while (i < 6 && mb > 128ULL << i)
		i++;
	*mhz = cpu[i];
	return 128ULL << i;
}

/* Of the fields that rest on the size of AWS. */
static uint64_t guess_by_size(const struct rollup *r, enum guess guess)
{
	uint64_t ms = r->usage.item[USAGE_RUN_BILLED_MS];
	uint64_t least = r->invocations * FLEX_LEAST_MS;
	uint64_t mhz;

	if (guess == FLEX)
		return (ms > least ? ms : least) * flex_size(r);
	if (guess == GCF)
		return ms * gcf_size(r, &mhz);
	if (guess == INIT)
		return r->init_ns / NS_PER_MS * aws_size(r);
	if (guess == RESTORE)
		return r->cold * aws_size(r);
	ms = r->usage.item[USAGE_GCF_MB_MS] / gcf_size(r, &mhz);
	return ms * mhz; /* GCF_CPU */
}

/* Of the fields that are guessed to be something. Sums may wrap: a guess all the same. */
static uint64_t guess_of(const struct rollup *r, enum guess guess)
{
	uint64_t ns = r->duration_ns + r->init_ns;

	switch (guess) {
	case ONE:
		return r->invocations > 0;
	case SAME:
		return r->invocations;
	case OTHERS:
		return others(r);
	case BUSY:
		return r->duration_ns;
	case BILLED:
		return ns / NS_PER_MS + r->invocations / 2;
	case RUN_BILLED:
		return (ns / ((uint64_t)RUN_STEP_MS * NS_PER_MS) + r->invocations / 2) *
		       RUN_STEP_MS;
	case AZURE:
		return (r->duration_ns / NS_PER_MS + r->invocations / 2) * AZURE_STEP_MB;
	case TIMES_RUN: /* the size of AWS */
		return r->usage.item[USAGE_AWS_BILLED_MS]
			   ? r->usage.item[USAGE_RUN_BILLED_MS] *
				 (r->usage.item[USAGE_AWS_MB_MS] /
				     r->usage.item[USAGE_AWS_BILLED_MS])
			   : 0;
	case TIMES_CPU:
		return r->usage.item[USAGE_RUN_BILLED_MS] * MCPU;
	case HOST_CPU:
		return r->cpu_ns / US_NS - r->invocations / 2;
	case HOST_MB:
		return (r->busy_ns + r->init_ns) / NS_PER_MS *
		       ((r->memory_max_bytes >> 20) + 1);
	case FLEX:
	case GCF:
	case GCF_CPU:
	case INIT:
	case RESTORE:
		return guess_by_size(r, guess);
	case PLAIN:
	case PAGES:
	case TIMES_AWS:
		break;
	}
	return 0;
}

/* The unit that the difference from the guess is counted in; 1: none. */
static uint64_t unit_of(const struct rollup *r, enum guess guess)
{
	uint64_t unit = 1;
	uint64_t mhz;

	switch (guess) {
	case RUN_BILLED:
		return RUN_STEP_MS;
	case PAGES:
		return PAGE_BYTES;
	case AZURE:
		return AZURE_STEP_MB;
	case TIMES_AWS:
		unit = r->usage.item[USAGE_AWS_BILLED_MS];
		break;
	case TIMES_RUN:
	case TIMES_CPU:
		unit = r->usage.item[USAGE_RUN_BILLED_MS];
		break;
	case FLEX:
		return flex_size(r) * RUN_STEP_MS;
	case GCF:
	case GCF_CPU:
		unit = gcf_size(r, &mhz);
		return (guess == GCF ? unit : mhz) * RUN_STEP_MS;
	case INIT:
	case RESTORE:
		unit = aws_size(r);
		break;
	case PLAIN:
	case ONE:
	case SAME:
	case OTHERS:
	case BUSY:
	case BILLED:
	case HOST_CPU:
	case HOST_MB:
		break;
	}
	return unit ? unit : 1;
}

/* The number that is written for a value which is not the guess: for a plain field the
 * value, else 2 x the zigzag difference in units, or 2 x the value + 1, whichever is
 * less. */
static uint64_t code_of(const struct rollup *r, size_t i)
{
	enum guess guess = fields[i].guess;
	uint64_t value = field_value(r, i);
	uint64_t unit = unit_of(r, guess);
	int64_t off = (int64_t)(value - guess_of(r, guess));
	uint64_t by_guess;

	if (guess == PLAIN)
		return value;
	if (off % (int64_t)unit != 0)
		return value << 1 | 1;
	by_guess = varint_zigzag(off / (int64_t)unit);
	return by_guess < value ? by_guess << 1 : value << 1 | 1;
}

static uint64_t value_of(const struct rollup *r, size_t i, uint64_t code)
{
	enum guess guess = fields[i].guess;

	if (guess == PLAIN)
		return code;
	if (code & 1)
		return code >> 1;
	return guess_of(r, guess) +
	       (uint64_t)varint_unzigzag(code >> 1) * unit_of(r, guess);
}

static bool is_large(const struct rollup *r)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (field_value(r, i) >= VALUE_MAX)
			return true;
	return false;
}

int rollup_pack_counters(const struct rollup *r, uint8_t **out, size_t *out_bytes)
{
	uint8_t bits[BITS_BYTES] = {0};
	uint8_t codes[FIELDS * VARINT_MAX_BYTES];
	size_t bits_n = 0;
	size_t n = 0;
	uint8_t *bytes;

	if (is_large(r))
		return rollup_encode_counters(r, out, out_bytes);
	for (size_t i = 0; i < FIELDS; i++) {
		if (field_value(r, i) == guess_of(r, fields[i].guess))
			continue;
		bits[i / 8] |= (uint8_t)(1U << i % 8);
		bits_n = i / 8 + 1;
		n += (size_t)varint_encode(code_of(r, i), codes + n, sizeof(codes) - n);
	}
	bytes = malloc(2 + bits_n + n);
	if (!bytes)
		return -ENOMEM;
	bytes[0] = ROLLUP_PACK_COUNTERS;
	bytes[1] = (uint8_t)bits_n;
	memcpy(bytes + 2, bits, bits_n);
	memcpy(bytes + 2 + bits_n, codes, n);
	*out = bytes;
	*out_bytes = 2 + bits_n + n;
	return 0;
}

/* Where the codes begin; 0: it is damaged. */
static size_t codes_at(const uint8_t *in, size_t size)
{
	if (size < 2 || !rollup_counters_are_packed(in, size) || in[1] >= 0x80 ||
	    size - 2 < in[1])
		return 0;
	return 2 + (size_t)in[1];
}

/* The field, or what is skipped; false when the code is not there. */
static bool read_field(
    const uint8_t *in, size_t size, size_t *at, size_t i, struct rollup *r)
{
	uint64_t code = 0;
	ssize_t n = varint_decode_fast(in + *at, size - *at, &code);

	if (n < 0)
		return false;
	*at += (size_t)n;
	if (i < FIELDS)
		*field(r, i) = value_of(r, i, code);
	return true;
}

static bool is_set(const uint8_t *in, size_t bits_n, size_t i)
{
	return i < bits_n && (in[2 + i / 8] >> i % 8 & 1);
}

int rollup_unpack_counters(const uint8_t *in, size_t size, struct rollup *r)
{
	size_t at = codes_at(in, size);
	size_t bits_n = at ? in[1] * (size_t)8 : 0;
	size_t fields_n =
	    at && in[0] == ROLLUP_PACK_VERSION ? VERSION_2 : (size_t)PLAIN_AGAIN;

	for (size_t i = 0; i < fields_n; i++) {
		if (is_set(in, bits_n, i)) {
			if (!read_field(in, size, &at, i, r))
				return -EBADMSG;
		} else if (i < GUESSED || i >= VERSION_2) {
			*field(r, i) = guess_of(r, fields[i].guess);
		}
	}
	for (size_t i = fields_n; i < bits_n; i++) {
		/* of a version 2 there was nothing after its fields that we know */
		size_t known = fields_n == VERSION_2 ? FIELDS : i;

		if (is_set(in, bits_n, i) && !read_field(in, size, &at, known, r))
			return -EBADMSG;
	}
	return at ? 0 : -EBADMSG;
}

int rollup_unpack_invocations(const uint8_t *in, size_t size, uint64_t *invocations)
{
	size_t at = codes_at(in, size);
	uint64_t code = 0;

	/* invocations lead the table */
	if (!at ||
	    (in[1] && in[2] & 1 && varint_decode_fast(in + at, size - at, &code) < 0))
		return -EBADMSG;
	*invocations = code;
	return 0;
}
