#include "serve/figures/cost.h"

#include <errno.h>

const char *cost_region(
    const struct book *book, const struct plan *plan, const struct function *function)
{
	if (function->region[0] &&
	    book_has_region(book, plan->provider, function->region))
		return function->region;
	return plan->default_region;
}

int cost_of(const struct book *book, const struct function *function,
    const struct usage *usage, struct money *cost)
{
	const struct plan *plan = plan_of_platform(function->platform);
	struct invoice_options options = {
	    .region = cost_region(book, plan, function), .arch = function->arch};
	struct invoice invoice;
	int err = invoice_make(book, plan, usage, &options, &invoice, NULL);

	if (err == -ENOENT) { /* the region lacks one of the plan's prices */
		options.region = plan->default_region;
		err = invoice_make(book, plan, usage, &options, &invoice, NULL);
	}
	if (!err)
		*cost = invoice.total;
	return err;
}
