/* A price book, and what the price calculator is given: the same bytes as both. A book
 * that is taken lies over the one of the program; whatever is refused, a sentence says
 * why. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "price/book.h"
#include "price/commitment.h"
#include "tests/fuzz/checks.h"
#include "tui/price/usage_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_why(const char *why, size_t size)
{
	if (!*why)
		abort();
	check_text(why, size);
}

/* The file over itself, and an invoice by it, if it has the prices. */
static void try_invoice(const char *text, size_t bytes, struct book *over)
{
	const struct usage usage = {
	    .item = {[USAGE_AWS_REQUESTS] = 1000000, [USAGE_AWS_MB_MS] = 1ULL << 40}};
	const uint64_t weights[] = {5, 0, 1};
	const struct commitment_hours hours = {weights, bytes % 2 ? 3 : 0};
	const struct invoice_options options = {.region = "us-east-1"};
	struct invoice invoice;
	struct invoice *all[] = {&invoice};
	struct money sum = {0};
	struct book *base = NULL;
	char why[256] = "";

	if (book_parse(text, bytes, &base, why, sizeof(why)) != 0 ||
	    book_overlay(base, over) != 0)
		abort();
	if (invoice_make(
		base, plan_find("aws-lambda"), &usage, &options, &invoice, NULL) == 0 &&
	    commitments_settle(base, all, 1, COMMITMENT_MONTH_MS, &hours) == 0) {
		for (size_t i = 0; i < invoice.lines_n; i++)
			sum = money_add(sum, invoice.lines[i].amount);
		if (money_compare(sum, invoice.total) != 0)
			abort();
	}
	book_free(base);
}

static void try_book(const char *text, size_t bytes)
{
	char why[256] = "";
	struct book *book = NULL;
	int err = book_parse(text, bytes, &book, why, sizeof(why));

	if (err) {
		check_why(why, sizeof(why));
		return;
	}
	for (size_t i = 0; i < book_count(book); i++) {
		const struct price *price = book_at(book, i);
		const struct price *tiers = NULL;
		size_t n =
		    book_find(book, price->provider, price->key, price->region, &tiers);

		if (n == 0 || tiers > price || price >= tiers + n)
			abort();
	}
	try_invoice(text, bytes, book);
}

static void try_usage(const uint8_t *bytes, size_t n)
{
	const struct estimate_options options = {.region = NULL};
	struct estimate *estimate = estimate_new(&options);
	char why[256] = "";
	char path[32];
	FILE *in;

	(void)check_file(bytes, n, path);
	in = fopen(path, "re");
	if (!estimate || !in)
		abort();
	if (usage_input_read(in, estimate, why, sizeof(why)) < 0)
		check_why(why, sizeof(why));
	(void)fclose(in);
	estimate_free(estimate);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	try_book((const char *)in, size);
	try_usage(in, size);
	return 0;
}
