#include "price/own_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "price/estimate/members.h"

#define MICRO 1000000
#define HOUR_MAX_USD 1000000
#define UNITS_MAX_MICRO (1000000ULL * MICRO)
#define DATE_BYTES 16
#define PICO_PER_USD 1000000000000LL

static int read_hour(const struct check *c, const struct place *at, struct own_host *host)
{
	const json_t *value = member_value(at, "host_usd_per_hour");
	uint64_t micro = 0;
	struct money hour;

	if (json_is_string(value) && money_parse(json_string_value(value), &hour) == 0 &&
	    hour.pico >= 0) {
		host->hour = hour; /* to the pico-dollar */
	} else {
		int err = member_micro(c, at, "host_usd_per_hour", &micro);

		if (err < 0)
			return err;
		host->hour.pico = (__int128)micro * MICRO;
	}
	if (host->hour.pico > (__int128)HOUR_MAX_USD * PICO_PER_USD)
		return member_refuse(c, at, "host_usd_per_hour", "is above a million");
	return 0;
}

int own_host_read(const struct check *c, const struct place *at, struct own_host *host)
{
	static const char *const names[] = {
	    "host_usd_per_hour", "host_vcpus", "host_memory_gb"};
	struct own_host read = {.is_there = true};
	int err = 0;
	size_t there = 0;

	for (size_t i = 0; i < 3; i++)
		there += member_is_there(at, names[i]);
	for (size_t i = 0; there > 0 && there < 3 && i < 3; i++) {
		if (!member_is_there(at, names[i]))
			return check_refuse(c, at, names[i],
			    "is missing: a machine is its price, its CPUs and its "
			    "memory");
	}
	if (there == 0)
		return 0;
	err = read_hour(c, at, &read);
	if (err == 0)
		err = member_micro(c, at, "host_vcpus", &read.vcpus_micro);
	if (err == 0)
		err = member_micro(c, at, "host_memory_gb", &read.memory_micro);
	if (err == 0 && (read.vcpus_micro == 0 || read.vcpus_micro > UNITS_MAX_MICRO))
		err = member_refuse(c, at, "host_vcpus", "must be above 0, to a million");
	if (err == 0 && (read.memory_micro == 0 || read.memory_micro > UNITS_MAX_MICRO))
		err = member_refuse(
		    c, at, "host_memory_gb", "must be above 0, to a million");
	if (err == 0)
		*host = read;
	return err;
}

bool own_host_is_same(const struct own_host *a, const struct own_host *b)
{
	return a->is_there == b->is_there && !money_compare(a->hour, b->hour) &&
	       a->vcpus_micro == b->vcpus_micro && a->memory_micro == b->memory_micro;
}

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

/* One entry; half of the hour for so many millionths of a unit. */
static json_t *make_price(const char *key, const char *unit, const struct own_host *host,
    uint64_t units_micro, const char *date)
{
	char price[MONEY_TEXT_BYTES];

	money_format(money_scale(host->hour, MICRO, 2 * units_micro), price);
	return json_pack("{ss ss ss ss ss ss ss}", "key", key, "unit", unit, "price",
	    price, "region", "*", "source", "stated", "as_of", date, "confidence",
	    "verified");
}

int own_host_price(const struct own_host *host, struct book *book)
{
	char title[160];
	char hour[MONEY_TEXT_BYTES];
	char date[DATE_BYTES]; /* it is stated today */
	char why[200];
	time_t now_s = (time_t)(clock_wall_ns() / CLOCK_NS_PER_S);
	struct tm tm;
	struct book *over = NULL;
	AUTO(json) json_t *root = NULL;
	AUTO(free) char *text = NULL;

	(void)gmtime_r(&now_s, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	money_format(host->hour, hour);
	(void)snprintf(title, sizeof(title), "A machine as stated: $%s an hour", hour);
	root = json_pack("{si ss ss s{s{ss ss}} s[o o]}", "schema", 1, "provider", "own",
	    "currency", "USD", "sources", "stated", "title", title, "date", date,
	    "prices", make_price("host.cpu", "vCPU-h", host, host->vcpus_micro, date),
	    make_price("host.memory", "GiB-h", host, host->memory_micro, date));
	if (root)
		text = json_dumps(root, 0);
	if (!text || book_parse(text, strlen(text), &over, why, sizeof(why)) < 0)
		return -ENOMEM;
	return book_overlay(book, over);
}
