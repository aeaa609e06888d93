#include "serve/bill/commitments.h"

#include <errno.h>
#include <stdlib.h>

#include "price/commitment.h"

int bill_commitments_settle(
    const struct bill *bill, struct invoice *const *invoices, uint64_t ms)
{
	struct invoice **of_plan = calloc(bill->n + 1, sizeof(struct invoice *));
	int err = of_plan ? 0 : -ENOMEM;

	for (size_t p = 0; !err && ms > 0 && plans[p]; p++) {
		size_t n = 0;

		for (size_t i = 0; i < bill->n; i++)
			if (bill->groups[i].plan == plans[p] && invoices[i])
				of_plan[n++] = invoices[i];
		err = commitments_settle(
		    bill->terms.book, of_plan, n, ms, &bill->terms.hours);
	}
	free(of_plan);
	return err;
}

static bool has_unused(const struct bill *bill)
{
	for (size_t i = 0; i < bill->n; i++) {
		const struct invoice *invoice = bill->groups[i].invoice;

		for (size_t k = 0; k < invoice->lines_n; k++)
			if (invoice->lines[k].line == &commitment_unused)
				return true;
	}
	return false;
}

int bill_commitments_apply(struct bill *bill)
{
	struct invoice **invoices = calloc(bill->n + 1, sizeof(struct invoice *));
	int err = invoices ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < bill->n; i++)
		if (!bill_why_not(bill, bill->groups[i].plan))
			invoices[i] = bill->groups[i].invoice;
	if (!err)
		err = bill_commitments_settle(bill, invoices, bill->terms.committed_ms);
	free(invoices);
	if (!err && has_unused(bill))
		err = bill_part_of(bill, "", &bill->unused_part);
	return err;
}
