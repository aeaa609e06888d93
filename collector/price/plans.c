/* The table of plans; a new one is a row here and a struct plan beside its rules. */
#include "price/plan.h"
#include "price/plan/parts.h"

#include <stdio.h>
#include <string.h>

const struct plan *const plans[] = {
    &plan_aws_lambda,
    &plan_aws_provisioned,
    &plan_aws_snapstart,
    &plan_aws_managed,
    &plan_azure_consumption,
    &plan_azure_flex,
    &plan_azure_premium,
    &plan_gcp_functions_1,
    &plan_gcp_run_request,
    &plan_gcp_run_instance,
    &plan_own_host,
    NULL,
};

const struct plan *plan_find(const char *name)
{
	for (const struct plan *const *p = plans; *p; p++) {
		if (!strcmp((*p)->name, name))
			return *p;
	}
	return NULL;
}

const char *plan_list(char out[PLAN_LIST_BYTES])
{
	size_t at = 0;

	out[0] = '\0';
	for (const struct plan *const *p = plans; *p && at < PLAN_LIST_BYTES; p++)
		at += (size_t)snprintf(out + at, PLAN_LIST_BYTES - at, "%s%s",
		    p == plans ? "" : ", ", (*p)->name);
	return out;
}

const struct plan *plan_of_platform(enum platform platform)
{
	switch (platform) {
	case PLATFORM_GCP_FUNCTIONS:
	case PLATFORM_KNATIVE:
		return &plan_gcp_run_request;
	case PLATFORM_AZURE_FUNCTIONS:
		return &plan_azure_consumption;
	case PLATFORM_AWS_LAMBDA:
	case PLATFORM_UNKNOWN:
	case PLATFORM_OPENFAAS:
	case PLATFORM_OPENWHISK:
	case PLATFORM_FISSION:
	case PLATFORM_NUCLIO:
	case PLATFORM_GENERIC:
	case PLATFORM_COUNT:
		break;
	}
	return &plan_aws_lambda;
}

const char *plan_moved(
    const struct plan *plan, const char *region, char out[PLAN_MOVED_BYTES])
{
	(void)snprintf(out, PLAN_MOVED_BYTES,
	    "The region asked for is none of %s's: prices of %s.", plan->provider,
	    region);
	return out;
}

const char *plan_cost_basis(const struct plan *plan, uint32_t memory_limit_mb)
{
	bool observed = plan->observed_memory || memory_limit_mb == 0;

	return observed ? "observed memory" : "configured memory";
}

void plan_count_all(const struct invocation *inv, struct usage *usage)
{
	/* Each way of counting once, though several plans read what it counts. */
	plan_lambda_count(inv, usage);
	plan_azure_consumption.count(inv, usage);
	plan_azure_flex.count(inv, usage);
	plan_gcp_functions_1.count(inv, usage);
	plan_gcp_run_request.count(inv, usage);
	plan_own_host.count(inv, usage);
}

uint32_t plan_observed_mb(uint64_t bytes)
{
	const uint64_t step = 128;
	uint64_t steps = bytes / (step << 20) + (bytes % (step << 20) != 0);

	return steps > UINT32_MAX / step ? UINT32_MAX : (uint32_t)(steps * step);
}

uint32_t plan_memory_mb(const struct invocation *inv, const struct plan_memory *rule)
{
	uint32_t mb = inv->function ? inv->function->memory_limit_mb : 0;

	if (mb == 0 && (inv->has & HAS_MEMORY)) {
		mb = plan_observed_mb(inv->peak_memory_bytes);
		if (mb < rule->observed_min_mb)
			mb = rule->observed_min_mb;
	}
	if (mb == 0)
		mb = rule->unknown_mb;
	if (mb < rule->min_mb)
		mb = rule->min_mb;
	return mb > rule->max_mb ? rule->max_mb : mb;
}

uint32_t plan_size_mb(const struct invocation *inv, const uint32_t *sizes, size_t sizes_n,
    uint32_t unknown_mb)
{
	uint64_t mb = inv->function ? inv->function->memory_limit_mb : 0;
	size_t i = 0;

	if (mb == 0 && (inv->has & HAS_MEMORY))
		mb = (inv->peak_memory_bytes >> 20) +
		     (inv->peak_memory_bytes % (1 << 20) != 0);
	if (mb == 0)
		mb = unknown_mb;
	while (i + 1 < sizes_n && sizes[i] < mb)
		i++;
	return sizes[i];
}
