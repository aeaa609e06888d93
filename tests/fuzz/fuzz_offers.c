/* Price lists from the network: the same bytes as an index, a region's file, a page and a
 * price file of the user. What is refused, a sentence says why; what is made of the rest
 * is a sound price file. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "price/offers.h"
#include "price/price_file.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_why(const char *why, size_t size)
{
	if (!*why)
		abort();
	check_text(why, size);
}

static void write_and_read(const struct offers *offers, const char *was, const char *of)
{
	const struct price_file_source source = {
	    of, "list", "T", "https://example.org/", "2026-11-01"};
	struct book *book;
	char why[256] = "";
	char *text;

	if (price_file_with(was, offers, &source, &text, why, sizeof(why)) < 0) {
		check_why(why, sizeof(why));
		return;
	}
	if (offers->n > 0) {
		if (book_parse(text, strlen(text), &book, why, sizeof(why)) != 0)
			abort();
		book_free(book);
	}
	free(text);
}

static void settle(struct offers *offers, const char *was, const char *of)
{
	char why[256] = "";

	if (offers_settle(offers, why, sizeof(why)) < 0)
		check_why(why, sizeof(why));
	else
		write_and_read(offers, was, of);
	offers_done(offers);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	const char *json = (const char *)in;
	struct offers aws = {0};
	struct offers azure = {0};
	struct offers gcp = {0};
	struct offer doubtful;
	struct aws_region region;
	char *next = NULL;
	char *text = malloc(size + 1);
	char date[11];
	char why[256] = "";
	const struct check check = {why, sizeof(why)};

	if (!text)
		abort();
	memcpy(text, in, size);
	text[size] = '\0';
	if (offers_aws_region(json, size, "us-east-1", &region, &check) == 0 &&
	    strncmp(region.path, "/offers/", 8) != 0)
		abort();
	if (offers_aws_read(&aws, json, size, "us-east-1", date, &check) < 0)
		check_why(why, sizeof(why));
	settle(&aws, NULL, "aws");
	if (offers_azure_read(&azure, json, size, &next, &check) < 0)
		check_why(why, sizeof(why));
	free(next);
	settle(&azure, text, "azure");
	next = NULL;
	if (offers_gcp_read(&gcp, json, size, "2026-11-28", &next, &check) < 0)
		check_why(why, sizeof(why));
	else if (next && (!*next || strlen(next) > OFFER_TOKEN_MAX))
		abort();
	free(next);
	/* what is left once the doubtful are out has nothing to refuse */
	(void)offers_leave_out(&gcp, &doubtful);
	if (offers_settle(&gcp, why, sizeof(why)) < 0)
		abort();
	settle(&gcp, NULL, "gcp");
	free(text);
	return 0;
}
