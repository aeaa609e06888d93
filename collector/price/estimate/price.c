/* Parts become one invoice for each region and architecture that the plan tells apart. */
#include "price/estimate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "price/commitment.h"

/* What one invoice will be made of. */
struct group {
	char region[FUNCTION_REGION_BYTES];
	enum arch arch;
	bool free_tier;
	struct usage usage;
	struct stated stated;
};

struct pricing {
	const struct estimate_terms *terms;
	struct group *groups;
	size_t groups_n;
	bool moved;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(
    const struct pricing *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(p->why, p->why_size, format, args);
	va_end(args);
	if (p->why_size > 0)
		text_make_printable(p->why);
	return -EINVAL;
}

static unsigned int billable_bit(const struct plan *plan)
{
	if (!strcmp(plan->provider, "aws"))
		return ESTIMATE_AWS;
	if (!strcmp(plan->provider, "azure"))
		return ESTIMATE_AZURE;
	if (!strcmp(plan->provider, "own"))
		return ESTIMATE_OWN;
	return !strcmp(plan->name, "gcp-functions-1") ? ESTIMATE_GCP_FUNCTIONS
						      : ESTIMATE_GCP_RUN;
}

/* What goes beside gb_s for such a plan. */
static const char *beside_gb_s(unsigned int bit)
{
	if (bit == ESTIMATE_GCP_RUN)
		return ", or vcpu_s beside gb_s";
	return bit == ESTIMATE_GCP_FUNCTIONS ? ", or ghz_s beside gb_s" : "";
}

static int check_part(const struct pricing *p, const struct estimate_part *part)
{
	const struct plan *plan = p->terms->plan;

	if (!(part->billable & billable_bit(plan)))
		return refuse(p,
		    "%s cannot bill this input: give requests, duration_ms and "
		    "memory_mb%s",
		    plan->name, beside_gb_s(billable_bit(plan)));
	if (!plan->observed_memory && part->memory_mb > plan->memory_max_mb)
		return refuse(p, "memory_mb %u is more than %s offers (%u)",
		    part->memory_mb, plan->name, plan->memory_max_mb);
	return 0;
}

/* The region that a part is priced in. */
static int find_region(
    struct pricing *p, const struct estimate_part *part, const char **region)
{
	const struct plan *plan = p->terms->plan;

	*region = part->region;
	if (!part->region[0] || plan->is_placeless) {
		*region = plan->default_region;
	} else if (!strcmp(part->region, "*") ||
		   !book_has_region(p->terms->book, plan->provider, part->region)) {
		if (!p->terms->move_regions)
			return refuse(p,
			    "no price of %s in region \"%s\" (see `coldmeter prices show "
			    "--provider %s`)",
			    plan->name, part->region, plan->provider);
		*region = plan->default_region;
		p->moved = true;
	}
	return 0;
}

static int add_to_group(struct pricing *p, const struct estimate_part *part)
{
	const char *region = part->region;
	int err = check_part(p, part);

	if (err == 0)
		err = find_region(p, part, &region);
	if (err < 0)
		return err;

	enum arch arch = p->terms->plan->has_arch && part->arch != ARCH_UNKNOWN
			     ? part->arch
			     : ARCH_X86_64;
	struct group *group = p->groups;
	const struct group *end = p->groups + p->groups_n;

	while (
	    group < end && (strcmp(group->region, region) != 0 || group->arch != arch ||
			       group->free_tier != part->free_tier))
		group++;
	if (group == end) {
		(void)text_copy(group->region, sizeof(group->region), region);
		group->arch = arch;
		group->free_tier = part->free_tier;
		p->groups_n++;
	}
	for (int i = 0; i < USAGE_ITEMS; i++) {
		if (__builtin_add_overflow(
			group->usage.item[i], part->usage.item[i], &group->usage.item[i]))
			return refuse(p, "the sum is too much to count in 64 bits");
	}
	if (!stated_merge(&group->stated, &part->stated))
		return refuse(p, "the sum is too much to count in 64 bits");
	return 0;
}

/* What the plan bills and no invocation tells must be said of one part at least. */
static int check_needs(const struct pricing *p)
{
	const struct plan *plan = p->terms->plan;
	bool is_given = !plan->needs;

	for (size_t i = 0; i < p->groups_n; i++)
		is_given |= stated_is_given(&p->groups[i].stated, plan->needs);
	return is_given ? 0 : refuse(p, "%s needs %s", plan->name, plan->needs_words);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *left = a;
	const struct group *right = b;
	int order = strcmp(left->region, right->region);

	if (order == 0)
		order = (int)left->arch - (int)right->arch;
	return order != 0 ? order : (int)left->free_tier - (int)right->free_tier;
}

static int make_invoices(const struct pricing *p, struct invoice *invoices)
{
	const struct plan *plan = p->terms->plan;
	struct invoice_grant grant = {0};

	for (size_t i = 0; i < p->groups_n; i++) {
		const struct group *group = &p->groups[i];
		const struct invoice_options options = {.region = group->region,
		    .arch = group->arch,
		    .free_tier = group->free_tier,
		    .grant = &grant,
		    .stated = &group->stated};
		const char *missing = "";
		int err = invoice_make(p->terms->book, plan, &group->usage, &options,
		    &invoices[i], &missing);

		if (err == -ENOENT && plan->is_placeless)
			return refuse(p,
			    "%s: the price book has no %s: state host_usd_per_hour, "
			    "host_vcpus and host_memory_gb, or give it in a price file",
			    plan->name, missing);
		if (err == -ENOENT)
			return refuse(p, "%s: the price book has no %s in %s for %s",
			    plan->name, missing, group->region, arch_name(group->arch));
		if (err < 0)
			return refuse(
			    p, "%s: too many tiers for one invoice", plan->name);
	}
	return 0;
}

/* Usage is a month's, as that of a free tier is. */
static int settle_commitments(const struct pricing *p, struct invoice *invoices)
{
	static const struct commitment_hours evenly = {NULL, 0};
	AUTO(free)
	struct invoice **all = calloc(p->groups_n + 1, sizeof(struct invoice *));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < p->groups_n; i++)
		all[i] = &invoices[i];
	if (commitments_settle(
		p->terms->book, all, p->groups_n, COMMITMENT_MONTH_MS, &evenly) < 0)
		return refuse(
		    p, "%s: too many tiers for one invoice", p->terms->plan->name);
	return 0;
}

int estimate_price(const struct estimate *estimate, const struct estimate_terms *terms,
    struct estimate_bill *out, char *why, size_t why_size)
{
	AUTO(free)
	struct group *groups = calloc(estimate->parts_n + 1, sizeof(*groups));
	AUTO(free) struct invoice *invoices = NULL;
	struct pricing p = {
	    .terms = terms, .groups = groups, .why = why, .why_size = why_size};

	if (why_size > 0)
		why[0] = '\0';
	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < estimate->parts_n; i++) {
		int err = add_to_group(&p, &estimate->parts[i]);

		if (err < 0)
			return err;
	}
	if (check_needs(&p) < 0)
		return -EINVAL;
	qsort(groups, p.groups_n, sizeof(*groups), compare_groups);
	invoices = calloc(p.groups_n + 1, sizeof(*invoices));
	if (!invoices)
		return -ENOMEM;
	int err = make_invoices(&p, invoices);

	if (err == 0)
		err = settle_commitments(&p, invoices);
	if (err < 0)
		return err;
	*out = (struct estimate_bill){
	    .invoices = TAKE(invoices), .invoices_n = p.groups_n, .moved = p.moved};
	return 0;
}

void estimate_bill_done(struct estimate_bill *bill)
{
	free(bill->invoices);
	bill->invoices = NULL;
	bill->invoices_n = 0;
}
