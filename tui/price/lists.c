#include "tui/price/lists.h"

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
#define GCP "https://cloudbilling.googleapis.com"
#define GCP_QUERY "/skus?pageSize=1000"
#define WHY_BYTES 384

/* Cloud Run, and Cloud Run functions, which those of the 1st generation are among.
 * https://cloud.google.com/billing/docs/reference/rest/v1/services/list names them. */
static const char *const gcp_services[] = {
    "/v1/services/152E-C115-5142", "/v1/services/29E7-DA93-CA13"};

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

static int get(const char *url, char **body, size_t *bytes, char *why, size_t why_size)
{
	const struct fetch what = {.url = url, .max_bytes = PRICE_LIST_FILE_BYTES};

	return fetch(&what, body, bytes, why, why_size);
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
	err = get(url, &body, &bytes, why, why_size);
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
	err = get(url, &index, &bytes, why, why_size);
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
	int err = get(url, &body, &bytes, why, why_size);

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

static void set_today(struct price_list *list)
{
	time_t now = time(NULL);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(list->date, sizeof(list->date), "%Y-%m-%d", &tm);
}

int price_list_azure(struct price_list *list, char *why, size_t why_size)
{
	const char *server = list->from ? list->from : AZURE;
	char url[FETCH_URL_BYTES];
	size_t pages = 0;
	int err = join(url, server, AZURE_QUERY);

	if (err)
		return blame(err, server, "is too long", why, why_size);
	set_today(list);
	while (!err && url[0]) {
		if (++pages > PRICE_LIST_PAGES)
			return blame(-EBADMSG, url, "too many pages", why, why_size);
		err = read_page(list, server, url, why, why_size);
	}
	if (err)
		return err;
	drop_others(list);
	return list->offers.n
		   ? 0
		   : blame(-ENOENT, server, "has none of the regions", why, why_size);
}

bool price_list_is_key(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789-_");

	return n > 0 && n < PRICE_LIST_KEY_BYTES && text[n] == '\0';
}

/* Reads a page of a service; url becomes the next one's, "" after the last. */
static int read_gcp_page(struct price_list *list, const char *first,
    char url[FETCH_URL_BYTES], char *why, size_t why_size)
{
	AUTO(free) char *body = NULL;
	AUTO(free) char *next = NULL;
	char reason[WHY_BYTES] = "";
	const struct check check = {reason, sizeof(reason)};
	char header[PRICE_LIST_KEY_BYTES + 32];
	const struct fetch what = {.url = url,
	    .name = first,
	    .header = header,
	    .max_bytes = PRICE_LIST_FILE_BYTES};
	size_t bytes = 0;
	int err;

	(void)snprintf(header, sizeof(header), "X-Goog-Api-Key: %s", list->key);
	err = fetch(&what, &body, &bytes, why, why_size);
	explicit_bzero(header, sizeof(header));
	if (err)
		return err;
	err = offers_gcp_read(&list->offers, body, bytes, list->date, &next, &check);
	if (err)
		return blame(err, first, reason, why, why_size);
	url[0] = '\0';
	if (!next)
		return 0;
	err = join(url, first, "&pageToken=");
	if (!err)
		err = fetch_append(url, next);
	return err ? blame(err, first, "nextPageToken: is too long", why, why_size) : 0;
}

static int read_gcp_service(struct price_list *list, const char *server,
    const char *service, char *why, size_t why_size)
{
	char first[FETCH_URL_BYTES];
	char path[64];
	char url[FETCH_URL_BYTES];
	size_t pages = 0;
	int err;

	(void)snprintf(path, sizeof(path), "%s" GCP_QUERY, service);
	err = join(first, server, path);
	if (err)
		return blame(err, server, "is too long", why, why_size);
	(void)text_copy(url, sizeof(url), first);
	while (!err && url[0]) {
		if (++pages > PRICE_LIST_PAGES)
			return blame(-EBADMSG, first, "too many pages", why, why_size);
		err = read_gcp_page(list, first, url, why, why_size);
	}
	return err;
}

/* What is of all regions becomes a price of each that is asked for. */
static int spread(struct price_list *list)
{
	size_t n = list->offers.n;
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		struct offer offer = list->offers.rows[i];

		for (size_t r = 0; offer.region[0] == '*' && !err && list->regions[r];
		     r++) {
			struct offer one = offer;

			if (text_copy(one.region, sizeof(one.region), list->regions[r]))
				err = offers_add(&list->offers, &one);
		}
	}
	return err;
}

int price_list_gcp(struct price_list *list, char *why, size_t why_size)
{
	const char *server = list->from ? list->from : GCP;
	int err = 0;

	if (!fetch_is_private(server))
		return blame(-EINVAL, server,
		    "a key is sent over https only, or to this machine", why, why_size);
	set_today(list);
	for (size_t i = 0; !err && i < sizeof(gcp_services) / sizeof(gcp_services[0]);
	     i++)
		err = read_gcp_service(list, server, gcp_services[i], why, why_size);
	if (err)
		return err;
	err = spread(list);
	if (err)
		return blame(err, server, "", why, why_size);
	drop_others(list);
	list->left_out = offers_leave_out(&list->offers, &list->doubtful);
	return list->offers.n
		   ? 0
		   : blame(-ENOENT, server, "has none of the regions", why, why_size);
}
