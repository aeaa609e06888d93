/* n invocations that are alike bill n times what one of them bills: exact, and quick for
 * any n. */
#include "price/estimate/description.h"

#include <errno.h>

#include "price/plan/parts.h"

#define TMP_FREE_MB 512

/* Alike but for who waits for an init and who shares an instance. */
struct group {
	uint64_t requests;
	uint64_t cold_starts;
	uint64_t duration_ns;
};

/* AWS's count where the init is billed at any date: as if it were duration. */
static void count_image(const struct invocation *inv, struct usage *usage)
{
	struct invocation whole = *inv;
	struct usage image = {0};
	struct usage bare = {0};

	if (!(inv->has & HAS_INIT))
		return;
	whole.has &= ~(uint32_t)HAS_INIT;
	plan_lambda_count(&whole, &bare);
	whole.duration_ns = plan_add(whole.duration_ns, inv->init_ns);
	plan_lambda_count(&whole, &image);
	usage->item[USAGE_AWS_BILLED_MS] = image.item[USAGE_AWS_BILLED_MS];
	usage->item[USAGE_AWS_MB_MS] = image.item[USAGE_AWS_MB_MS];
	usage->item[USAGE_AWS_INIT_MB_MS] =
	    image.item[USAGE_AWS_MB_MS] - bare.item[USAGE_AWS_MB_MS];
}

/* Adds n times what every plan bills for inv. */
static int add_alike(const struct description *d, const struct invocation *inv,
    uint64_t n, struct usage *usage)
{
	struct usage one = {0};

	plan_count_all(inv, &one);
	if (d->init_always_billed)
		count_image(inv, &one);
	if (d->vcpus_micro > 0)
		one.item[USAGE_RUN_MCPU_MS] =
		    plan_multiply(one.item[USAGE_RUN_BILLED_MS], d->vcpus_micro) / 1000;
	if (d->is_java)
		one.item[USAGE_AWS_RESTORE_MB] = 0;
	if (__builtin_mul_overflow(d->tmp_mb - TMP_FREE_MB, one.item[USAGE_AWS_BILLED_MS],
		&one.item[USAGE_AWS_TMP_MB_MS]))
		return -ERANGE;
	for (int i = 0; i < USAGE_ITEMS; i++) {
		uint64_t all;

		if (__builtin_mul_overflow(one.item[i], n, &all) ||
		    __builtin_add_overflow(usage->item[i], all, &usage->item[i]))
			return -ERANGE;
	}
	return 0;
}

/* Those that wait for an init and those that do not; with a concurrency of c, c of them
 * share their instance's time: one bills it, the others bill none. */
static int expand(
    const struct description *d, const struct group *group, struct usage *usage)
{
	struct function function = {.memory_limit_mb = (uint32_t)d->memory_mb};
	uint64_t observed_mb = d->observed_mb ? d->observed_mb : d->memory_mb;
	struct invocation leader = {.function = &function,
	    .start_type = START_WARM,
	    .start_ns = d->start_ns,
	    .duration_ns = group->duration_ns,
	    .busy_ns = group->duration_ns,
	    .init_ns = d->init_ns,
	    .cpu_ns = d->cpu_ns,
	    .peak_memory_bytes = observed_mb << 20,
	    .concurrency = 1,
	    .has = HAS_DURATION | HAS_BUSY | (observed_mb ? HAS_MEMORY : 0) |
		   (d->has_cpu ? HAS_CPU : 0)};
	struct invocation other = leader;
	uint64_t leaders =
	    group->requests / d->concurrency + (group->requests % d->concurrency != 0);
	uint64_t cold = group->cold_starts < leaders ? group->cold_starts : leaders;
	int err;

	other.busy_ns = 0;
	other.concurrency = 2; /* began while another ran */
	err = add_alike(d, &leader, leaders - cold, usage);
	if (err == 0)
		err = add_alike(d, &other,
		    group->requests - leaders - (group->cold_starts - cold), usage);
	leader.start_type = other.start_type = START_COLD;
	leader.has |= HAS_INIT;
	other.has |= HAS_INIT;
	if (err == 0)
		err = add_alike(d, &other, group->cold_starts - cold, usage);
	if (err == 0)
		err = add_alike(d, &leader, cold, usage);
	return err;
}

/* What was kept ready, and which part of the usage ran on it. */
static bool state_ready(const struct description *d, const struct usage *ran,
    const struct invocation *one, struct stated *stated)
{
	const uint64_t step_ms = 300000; /* provisioned concurrency: 5 minutes */
	const struct description_ready *ready = &d->ready;
	uint64_t ms =
	    ready->is_azure ? ready->ms : (ready->ms + step_ms - 1) / step_ms * step_ms;
	uint64_t mb =
	    ready->is_azure ? plan_flex_memory_mb(one) : plan_lambda_memory_mb(one);
	uint64_t kept;

	if (__builtin_mul_overflow(ms, ready->units, &kept) ||
	    __builtin_mul_overflow(kept, mb, &kept))
		return false;
	if (!ready->is_azure)
		return stated_add(stated, STATED_AWS_PC_MB_MS, kept) &&
		       stated_add(
			   stated, STATED_AWS_PC_RUN_MB_MS, ran->item[USAGE_AWS_MB_MS]);
	return stated_add(stated, STATED_FLEX_READY_MB_MS, kept) &&
	       stated_add(
		   stated, STATED_FLEX_READY_RUN_MB_MS, ran->item[USAGE_FLEX_MB_MS]) &&
	       stated_add(stated, STATED_FLEX_READY_EXECUTIONS,
		   ran->item[USAGE_AZURE_EXECUTIONS]);
}

/* Moves what was counted of Lambda to Lambda@Edge. */
static bool move_to_edge(struct estimate_part *part)
{
	uint64_t *item = part->usage.item;
	bool fits =
	    stated_add(
		&part->stated, STATED_AWS_EDGE_REQUESTS, item[USAGE_AWS_REQUESTS]) &&
	    stated_add(&part->stated, STATED_AWS_EDGE_MB_MS, item[USAGE_AWS_MB_MS]);

	item[USAGE_AWS_REQUESTS] = item[USAGE_AWS_MB_MS] = item[USAGE_AWS_TMP_MB_MS] = 0;
	item[USAGE_AWS_INIT_MB_MS] = item[USAGE_AWS_RESTORE_MB] = 0;
	return fits;
}

int description_count(const struct description *d, struct estimate_part *part)
{
	const struct group others = {d->requests, d->cold_starts, d->duration_ns};
	const struct group ready = {d->ready.requests, 0, d->ready.duration_ns};
	const struct function function = {.memory_limit_mb = (uint32_t)d->memory_mb};
	const struct invocation one = {.function = &function};
	struct usage ran = {0};
	int err = expand(d, &others, &part->usage);

	if (err == 0)
		err = expand(d, &ready, &ran);
	if (err < 0)
		return err;
	for (int i = 0; i < USAGE_ITEMS; i++) {
		if (__builtin_add_overflow(
			part->usage.item[i], ran.item[i], &part->usage.item[i]))
			return -ERANGE;
	}
	if (d->ready.is_there && !state_ready(d, &ran, &one, &part->stated))
		return -ERANGE;
	return d->is_edge && !move_to_edge(part) ? -ERANGE : 0;
}
