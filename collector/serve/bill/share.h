/* The lines of a bill shared out to its parts, so that the parts add up to the whole. */
#ifndef COLDMETER_SERVE_BILL_SHARE_H
#define COLDMETER_SERVE_BILL_SHARE_H

#include "serve/bill.h"

/* What a part bears of one line of a group's invoice, all tiers of it together. Free
 * quantities and cheaper tiers belong to the whole, so each part gets its share of the
 * amount by the usage that the line counts; the rounding (of a pico-dollar) is carried
 * from part to part, so that no remainder is left. */
struct bill_share_line {
	const struct plan_line *line;
	const struct price *price;             /* of the line's first priced tier */
	char quantity[INVOICE_QUANTITY_BYTES]; /* of the part, in the line's unit */
	struct money amount;
	struct money list; /* before discounts */
};

/* Visits every part of every line of a group of the bill that was priced; a part without
 * usage of a line is left out. What a commitment pays for nobody is of bill->unused_part.
 * A non-zero return stops, and is returned. */
typedef int (*bill_share_visit)(
    void *context, size_t part, const struct bill_share_line *line);
int bill_share_out(const struct bill *bill, const struct bill_group *group,
    bill_share_visit visit, void *context);

#endif
