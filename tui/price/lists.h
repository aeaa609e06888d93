/* Fetching the price lists of AWS, Azure and Google. */
#ifndef COLDMETER_TUI_PRICE_LISTS_H
#define COLDMETER_TUI_PRICE_LISTS_H

#include <stdbool.h>
#include <stddef.h>

#include "price/offers.h"

/* AWS: https://pricing.us-east-1.amazonaws.com, its offer AWSLambda, a file for each
 * region. Azure: https://prices.azure.com, its Retail Prices API, page by page. Google:
 * https://cloudbilling.googleapis.com, its Cloud Billing Catalog API, page by page, with
 * a key. */
#define PRICE_LIST_FILE_BYTES (4 << 20) /* a region's file has some 200 KiB */
#define PRICE_LIST_PAGES 200            /* of 100 prices each; Google's of 1000 */
#define PRICE_LIST_KEY_BYTES 256

struct price_list {
	const char *from;           /* the server; NULL: theirs */
	const char *const *regions; /* asked for, NULL-terminated */
	const char *key; /* Google's: letters, digits, - and _; the caller keeps it */
	struct offers offers;
	char date[11]; /* of the list: when it was published, or today */
	/* What the list says two amounts of is not among the offers: how many prices, and
	 * one of them. */
	size_t left_out;
	struct offer doubtful;
};

/* Whether text is what a key of Google's looks like. */
bool price_list_is_key(const char *text);

/* 0, or -errno with a sentence in why that names the URL. */
int price_list_aws(struct price_list *list, char *why, size_t why_size);
int price_list_azure(struct price_list *list, char *why, size_t why_size);
int price_list_gcp(struct price_list *list, char *why, size_t why_size);

#endif
