#include "alerts/keepwarm/init_cost.h"

#include "price/plan.h"
#include "serve/figures/cost.h"

struct money init_cost_usage(
    const struct book *book, const struct function *function, const struct usage *usage)
{
	struct money cost = {0};

	(void)cost_of(book, function, usage, &cost); /* untouched when it has no price */
	return cost;
}

struct money init_cost(const struct book *book, const struct function *function,
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
	return init_cost_usage(book, function, &with);
}
