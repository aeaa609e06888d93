#include "alerts/cost.h"

#include "price/invoice.h"
#include "price/plan.h"

struct money cost_of(
    const struct book *book, const struct function *function, const struct usage *usage)
{
	const struct plan *plan = plan_of_platform(function->platform);
	struct invoice_options options = {
	    .region = function->region, .arch = function->arch};
	struct invoice invoice = {0};

	if (invoice_make(book, plan, usage, &options, &invoice, NULL) == 0)
		return invoice.total;
	options.region = NULL;
	if (invoice_make(book, plan, usage, &options, &invoice, NULL) == 0)
		return invoice.total;
	return (struct money){0};
}

struct money cost_of_init(const struct book *book, const struct function *function,
    uint64_t init_ns, int64_t when_ns)
{
	struct invocation warm = {.function = function,
	    .kind = KIND_LAMBDA,
	    .start_type = START_WARM,
	    .start_ns = when_ns,
	    .has = HAS_DURATION | HAS_BUSY,
	    .duration_ns = 1000000,
	    .busy_ns = 1000000,
	    .concurrency = 1};
	struct invocation cold = warm;
	struct usage without = {0};
	struct usage with = {0};

	cold.start_type = START_COLD;
	cold.has |= HAS_INIT;
	cold.init_ns = init_ns;
	plan_count_all(&warm, &without);
	plan_count_all(&cold, &with);
	usage_subtract(&with, &without);
	return cost_of(book, function, &with);
}
