/* Prices that a provider's own list offers, to be held against the book. */
#ifndef COLDMETER_PRICE_OFFERS_H
#define COLDMETER_PRICE_OFFERS_H

#include <stddef.h>
#include <stdint.h>

#include "price/book.h"
#include "price/json_check.h"

#define OFFER_REGION_BYTES 32
#define OFFERS_MAX 20000
#define OFFER_TOKEN_MAX 1024 /* bytes of the name of a next page */

/* One tier of one price. */
struct offer {
	const char *key; /* of the book; static */
	char region[OFFER_REGION_BYTES];
	uint64_t tier_from;
	uint64_t tier_until; /* UINT64_MAX: no end */
	struct money price;  /* per unit of the key */
};

/* Zero-initialised is empty. */
struct offers {
	struct offer *rows;
	size_t n;
	size_t room;
};

void offers_done(struct offers *offers);

/* 0, -ENOMEM, or -E2BIG beyond OFFERS_MAX. */
int offers_add(struct offers *offers, const struct offer *offer);

/* Sorts by key, region and tier, and drops what is there twice. 0, or -EBADMSG with a
 * sentence in why when a price has two amounts or its tiers do not follow each other. */
int offers_settle(struct offers *offers, char *why, size_t why_size);

/* Leaves out the prices that offers_settle() would refuse, where a list is known to have
 * such and the others still hold. Returns how many; *first is one of them. */
size_t offers_leave_out(struct offers *offers, struct offer *first);

/* The tiers of one price from place at on; 0: no more. */
size_t offers_tiers(const struct offers *offers, size_t at);

/* Whether the book's list price of it is just that, tier by tier. */
int offers_are_known(
    const struct book *book, const char *provider, const struct offer *tiers, size_t n);

/* A region of AWS's list: where its file is. */
struct aws_region {
	char name[OFFER_REGION_BYTES];
	char path[256]; /* on the same server, "/offers/v1.0/..." */
};

/* Finds a region in region_index.json of an offer. 0, -ENOENT, or -EBADMSG with the
 * sentence in check->why. */
int offers_aws_region(const char *json, size_t bytes, const char *name,
    struct aws_region *out, const struct check *check);

/* Reads a region's index.json of the offer AWSLambda. date gets its publication's, as
 * YYYY-MM-DD. 0, -EBADMSG with a sentence, -E2BIG or -ENOMEM. The format is told at
 * https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html
 */
int offers_aws_read(struct offers *offers, const char *json, size_t bytes,
    const char *region, char date[11], const struct check *check);

/* Reads a page of Azure's Retail Prices API about service Functions; *next gets a copy of
 * its NextPageLink, the caller's to free, or NULL. Errors as above. The format is told at
 * https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices
 */
int offers_azure_read(struct offers *offers, const char *json, size_t bytes, char **next,
    const struct check *check);

/* Reads a page of the SKUs of Cloud Run or of Cloud Run functions in Google's Cloud
 * Billing Catalog API, the prices of which hold on today (YYYY-MM-DD); region "*" is all.
 * *next gets a copy of its nextPageToken, of at most OFFER_TOKEN_MAX bytes, or NULL.
 * Errors as above; what the page says is not in check->why. The format is told at
 * https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list
 */
int offers_gcp_read(struct offers *offers, const char *json, size_t bytes,
    const char *today, char **next, const struct check *check);

#endif
