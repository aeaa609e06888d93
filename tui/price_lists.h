/* Fetching the price lists of AWS and Azure. */
#ifndef COLDMETER_TUI_PRICE_LISTS_H
#define COLDMETER_TUI_PRICE_LISTS_H

#include "price/offers.h"

/* AWS: https://pricing.us-east-1.amazonaws.com, its offer AWSLambda, a file for each
 * region. Azure: https://prices.azure.com, its Retail Prices API, page by page. */
#define PRICE_LIST_FILE_BYTES (4 << 20) /* a region's file has some 200 KiB */
#define PRICE_LIST_PAGES 200            /* of 100 prices each */

struct price_list {
	const char *from;           /* the server; NULL: theirs */
	const char *const *regions; /* asked for, NULL-terminated */
	struct offers offers;
	char date[11]; /* of the list: when it was published, or today */
};

/* 0, or -errno with a sentence in why that names the URL. */
int price_list_aws(struct price_list *list, char *why, size_t why_size);
int price_list_azure(struct price_list *list, char *why, size_t why_size);

#endif
