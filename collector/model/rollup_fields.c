#include "model/rollup_fields.h"

#define VALUE_MAX (UINT64_C(1) << 62) /* above it, it has wrapped */

#define NS_PER_MS UINT64_C(1000000)
#define AZURE_STEP_MB 128
#define PAGE_BYTES 4096
#define MCPU 1000 /* of a vCPU: see plan/gcp.c */
#define FLEX_LEAST_MS 1000
#define US_NS 1000

#define BESIDE(member, guess, beside)                                                    \
	{                                                                                \
		offsetof(struct rollup, member), GUESS_##guess, GUESS_##beside           \
	}
#define AT(member, guess) BESIDE(member, guess, guess)

const struct rollup_field rollup_fields[ROLLUP_FIELDS] = {
    BESIDE(invocations, PLAIN, FIRST),
    BESIDE(duration_ns, PLAIN, DURATIONS),
    AT(cpu_ns, PLAIN),
    BESIDE(memory_max_bytes, PAGES, PEAK),
    BESIDE(cold, PLAIN, FIRST),
    BESIDE(init_ns, PLAIN, INITS),
    AT(usage.item[USAGE_AWS_BILLED_MS], BILLED),
    AT(usage.item[USAGE_AWS_MB_MS], TIMES_AWS),
    BESIDE(usage.item[USAGE_AZURE_MB_MS], AZURE, AZURE_EACH),
    AT(busy_ns, BUSY),
    BESIDE(usage.item[USAGE_RUN_BILLED_MS], RUN_BILLED, RUN_EACH),
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
    BESIDE(usage.item[USAGE_HOST_MB_MS], HOST_MB, HOST_MB_EACH),
    BESIDE(usage.item[USAGE_FLEX_MB_MS], FLEX, FLEX_EACH),
    BESIDE(usage.item[USAGE_GCF_MB_MS], GCF, GCF_EACH),
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

/* The sizes of plan/azure_flex.c. */
uint64_t rollup_flex_size(const struct rollup *r)
{
	uint64_t mb = aws_size(r);

	return mb <= 512 ? 512 : mb <= 2048 ? 2048 : 4096;
}

/* Those of plan/gcp_functions.c, with the CPU. */
uint64_t rollup_gcf_size(const struct rollup *r, uint64_t *mhz)
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
static uint64_t guess_by_size(const struct rollup *r, enum rollup_guess guess)
{
	uint64_t ms = r->usage.item[USAGE_RUN_BILLED_MS];
	uint64_t least = r->invocations * FLEX_LEAST_MS;
	uint64_t mhz;

	if (guess == GUESS_FLEX)
		return (ms > least ? ms : least) * rollup_flex_size(r);
	if (guess == GUESS_GCF)
		return ms * rollup_gcf_size(r, &mhz);
	if (guess == GUESS_INIT)
		return r->init_ns / NS_PER_MS * aws_size(r);
	if (guess == GUESS_RESTORE)
		return r->cold * aws_size(r);
	ms = r->usage.item[USAGE_GCF_MB_MS] / rollup_gcf_size(r, &mhz);
	return ms * mhz; /* GCF_CPU */
}

uint64_t rollup_guess_of(const struct rollup *r, enum rollup_guess guess)
{
	uint64_t ns = r->duration_ns + r->init_ns;

	switch (guess) {
	case GUESS_ONE:
		return r->invocations > 0;
	case GUESS_SAME:
		return r->invocations;
	case GUESS_OTHERS:
		return others(r);
	case GUESS_BUSY:
		return r->duration_ns;
	case GUESS_BILLED:
		return ns / NS_PER_MS + r->invocations / 2;
	case GUESS_RUN_BILLED:
		return (ns / ((uint64_t)ROLLUP_RUN_STEP_MS * NS_PER_MS) +
			   r->invocations / 2) *
		       ROLLUP_RUN_STEP_MS;
	case GUESS_AZURE:
		return (r->duration_ns / NS_PER_MS + r->invocations / 2) * AZURE_STEP_MB;
	case GUESS_TIMES_RUN: /* the size of AWS */
		return r->usage.item[USAGE_AWS_BILLED_MS]
			   ? r->usage.item[USAGE_RUN_BILLED_MS] *
				 (r->usage.item[USAGE_AWS_MB_MS] /
				     r->usage.item[USAGE_AWS_BILLED_MS])
			   : 0;
	case GUESS_TIMES_CPU:
		return r->usage.item[USAGE_RUN_BILLED_MS] * MCPU;
	case GUESS_HOST_CPU:
		return r->cpu_ns / US_NS - r->invocations / 2;
	case GUESS_HOST_MB:
		return (r->busy_ns + r->init_ns) / NS_PER_MS *
		       ((r->memory_max_bytes >> 20) + 1);
	case GUESS_FLEX:
	case GUESS_GCF:
	case GUESS_GCF_CPU:
	case GUESS_INIT:
	case GUESS_RESTORE:
		return guess_by_size(r, guess);
	case GUESS_PLAIN:
	case GUESS_PAGES:
	case GUESS_TIMES_AWS:
	case GUESS_FIRST:
	case GUESS_DURATIONS:
	case GUESS_INITS:
	case GUESS_PEAK:
	case GUESS_AZURE_EACH:
	case GUESS_RUN_EACH:
	case GUESS_FLEX_EACH:
	case GUESS_GCF_EACH:
	case GUESS_HOST_MB_EACH:
		break;
	}
	return 0;
}

uint64_t rollup_unit_of(const struct rollup *r, enum rollup_guess guess)
{
	uint64_t unit = 1;
	uint64_t mhz;

	switch (guess) {
	case GUESS_RUN_BILLED:
	case GUESS_RUN_EACH:
		return ROLLUP_RUN_STEP_MS;
	case GUESS_PAGES:
		return PAGE_BYTES;
	case GUESS_AZURE:
	case GUESS_AZURE_EACH:
		return AZURE_STEP_MB;
	case GUESS_TIMES_AWS:
		unit = r->usage.item[USAGE_AWS_BILLED_MS];
		break;
	case GUESS_TIMES_RUN:
	case GUESS_TIMES_CPU:
		unit = r->usage.item[USAGE_RUN_BILLED_MS];
		break;
	case GUESS_FLEX:
	case GUESS_FLEX_EACH:
		return rollup_flex_size(r) * ROLLUP_RUN_STEP_MS;
	case GUESS_GCF:
	case GUESS_GCF_EACH:
	case GUESS_GCF_CPU:
		unit = rollup_gcf_size(r, &mhz);
		return (guess == GUESS_GCF_CPU ? mhz : unit) * ROLLUP_RUN_STEP_MS;
	case GUESS_INIT:
	case GUESS_RESTORE:
		unit = aws_size(r);
		break;
	case GUESS_PLAIN:
	case GUESS_ONE:
	case GUESS_SAME:
	case GUESS_OTHERS:
	case GUESS_BUSY:
	case GUESS_BILLED:
	case GUESS_HOST_CPU:
	case GUESS_HOST_MB:
	case GUESS_FIRST:
	case GUESS_DURATIONS:
	case GUESS_INITS:
	case GUESS_PEAK:
	case GUESS_HOST_MB_EACH:
		break;
	}
	return unit ? unit : 1;
}
