#include "tui/price_lists.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tui/fetch.h"

#define AWS "https://pricing.us-east-1.amazonaws.com"
#define AWS_INDEX "/offers/v1.0/aws/AWSLambda/current/region_index.json"
#define AZURE "https://prices.azure.com"
#define AZURE_QUERY                                                                      \
	"/api/retail/prices?$filter=serviceName%20eq%20%27Functions%27%20and%20"         \
	"priceType%20eq%20%27Consumption%27"
#define WHY_BYTES 384

/* Puts the URL in front of what is wrong with its content. */
static int blame(int err, const char *url, const char *reason, char *why, size_t why_size)
{
	if (err == -ENOMEM)
		(void)snprintf(why, why_size, "out of memory");
	else if (err == -E2BIG)
		(void)snprintf(
		    why, why_size, "%.200s: more than %d prices", url, OFFERS_MAX);
	else
		(void)snprintf(why, why_size, "%.200s: %s", url, reason);
	text_make_printable(why);
	return err;
}

static int join(char url[FETCH_URL_BYTES], const char *server, const char *path)
{
	size_t n = strlen(server);

	while (n > 0 && server[n - 1] == '/')
		n--;
	return snprintf(url, FETCH_URL_BYTES, "%.*s%s", (int)n, server, path) <
		       FETCH_URL_BYTES
		   ? 0
		   : -ENAMETOOLONG;
}

static int read_region(struct price_list *list, const char *server,
    const struct aws_region *region, char *why, size_t why_size)
{
	AUTO(free) char *body = NULL;
	char url[FETCH_URL_BYTES];
	char reason[WHY_BYTES] = "";
	const struct check check = {reason, sizeof(reason)};
	char date[11];
	size_t bytes = 0;
	int err = join(url, server, region->path);

	if (err)
		return blame(err, server, "is too long", why, why_size);
	err = fetch(url, PRICE_LIST_FILE_BYTES, &body, &bytes, why, why_size);
	if (err)
		return err;
	err = offers_aws_read(&list->offers, body, bytes, region->name, date, &check);
	if (err)
		return blame(err, url, reason, why, why_size);
	if (strcmp(date, list->date) > 0)
		(void)text_copy(list->date, sizeof(list->date), date);
	return 0;
}

int price_list_aws(struct price_list *list, char *why, size_t why_size)
{
	const char *server = list->from ? list->from : AWS;
	AUTO(free) char *index = NULL;
	char url[FETCH_URL_BYTES];
	char reason[WHY_BYTES] = "";
	const struct check check = {reason, sizeof(reason)};
	size_t bytes = 0;
	int err = join(url, server, AWS_INDEX);

	if (err)
		return blame(err, server, "is too long", why, why_size);
	err = fetch(url, PRICE_LIST_FILE_BYTES, &index, &bytes, why, why_size);
	for (size_t i = 0; !err && list->regions[i]; i++) {
		struct aws_region region;

		err = offers_aws_region(index, bytes, list->regions[i], &region, &check);
		if (err == -ENOENT) { /* some lists are of fewer regions */
			err = 0;
			continue;
		}
		if (err)
			return blame(err, url, reason, why, why_size);
		err = read_region(list, server, &region, why, why_size);
	}
	if (!err && list->offers.n == 0)
		return blame(-ENOENT, url, "has none of the regions", why, why_size);
	return err;
}

static bool is_wanted(const struct price_list *list, const char *region)
{
	for (size_t i = 0; list->regions[i]; i++)
		if (strcmp(list->regions[i], region) == 0)
			return true;
	return false;
}

/* Prices of regions that nobody asked for are left out. */
static void drop_others(struct price_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->offers.n; i++)
		if (is_wanted(list, list->offers.rows[i].region))
			list->offers.rows[kept++] = list->offers.rows[i];
	list->offers.n = kept;
}

/* Reads a page; url becomes the next one's, "" after the last. */
static int read_page(struct price_list *list, const char *server,
    char url[FETCH_URL_BYTES], char *why, size_t why_size)
{
	AUTO(free) char *body = NULL;
	AUTO(free) char *next = NULL;
	char reason[WHY_BYTES] = "";
	const struct check check = {reason, sizeof(reason)};
	size_t bytes = 0;
	int err = fetch(url, PRICE_LIST_FILE_BYTES, &body, &bytes, why, why_size);

	if (err)
		return err;
	err = offers_azure_read(&list->offers, body, bytes, &next, &check);
	if (err)
		return blame(err, url, reason, why, why_size);
	if (next &&
	    (!fetch_is_same_server(server, next) || strlen(next) >= FETCH_URL_BYTES))
		return blame(-EBADMSG, url,
		    "NextPageLink: leads to another server, or is too long", why,
		    why_size);
	(void)snprintf(url, FETCH_URL_BYTES, "%s", next ? next : "");
	return 0;
}

int price_list_azure(struct price_list *list, char *why, size_t why_size)
{
	const char *server = list->from ? list->from : AZURE;
	time_t now = time(NULL);
	char url[FETCH_URL_BYTES];
	struct tm tm;
	size_t pages = 0;
	int err = join(url, server, AZURE_QUERY);

	if (err)
		return blame(err, server, "is too long", why, why_size);
	(void)gmtime_r(&now, &tm);
	(void)strftime(list->date, sizeof(list->date), "%Y-%m-%d", &tm);
	while (!err && url[0]) {
		if (++pages > PRICE_LIST_PAGES)
			return blame(-E2BIG, url, "too many pages", why, why_size);
		err = read_page(list, server, url, why, why_size);
	}
	if (err)
		return err;
	drop_others(list);
	return list->offers.n
		   ? 0
		   : blame(-ENOENT, server, "has none of the regions", why, why_size);
}
