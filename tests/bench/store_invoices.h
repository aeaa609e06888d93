/* How long an invoice of many functions takes; for bench_store. */
#ifndef COLDMETER_TESTS_STORE_INVOICES_H
#define COLDMETER_TESTS_STORE_INVOICES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "serve/bill/json.h"
#include "serve/bill/parts.h"
#include "serve/figures/outlook.h"
#include "tests/bench/store_file.h"

#define INVOICE_RUNS 5
#define DAY_NS (86400 * CLOCK_NS_PER_S)

/* The least CPU time of an invoice of 30 days: by function under each one's plan with its
 * forecast, or under all plans. */
/* Of this thread's own work: others on the machine do not count. */
static inline double invoice_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline double ask_invoice(
    struct store *store, const struct book *book, bool own, const struct window *month)
{
	const struct bill_by by = {own ? BILL_BY_FUNCTION : BILL_BY_NOTHING, NULL};
	double best = 1e12;

	for (int i = 0; i < INVOICE_RUNS; i++) {
		double began = invoice_ms();
		struct bill bill = {.terms = {.book = book, .own = own}};
		const char *missing = NULL;
		struct spending spending;
		json_t *outlook = NULL;

		if (spending_read(&spending, store, month, own, NULL) < 0 ||
		    bill_fill(&bill, &spending, store, &by, NULL) < 0 ||
		    bill_price(&bill, &missing) < 0 ||
		    (own && outlook_json(&bill, &spending, month->until_ns + DAY_NS,
				&outlook) < 0) ||
		    bill_total(&bill, NULL).pico <= 0)
			die("an invoice");
		json_decref(bill_plans_json(&bill));
		json_decref(own ? bill_parts_json(&bill, "function")
				: bill_comparison_json(&bill));
		json_decref(outlook);
		bill_done(&bill);
		spending_done(&spending);
		if (invoice_ms() - began < best)
			best = invoice_ms() - began;
	}
	return best;
}

static inline void ask_invoices(
    struct store *store, size_t n, int64_t since_ns, int64_t now_ns)
{
	const struct window month = {since_ns, now_ns};
	struct book *book;

	if (book_open_embedded(&book) < 0)
		die("the book");
	(void)printf(
	    "store: invoice of 30 days of %zu functions, each with its share, and"
	    " the forecast %.1f ms; under all plans %.1f ms of CPU time (best of %d)\n",
	    n, ask_invoice(store, book, true, &month),
	    ask_invoice(store, book, false, &month), INVOICE_RUNS);
	book_free(book);
}

#endif
