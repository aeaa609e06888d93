/* Descriptions of usage for tests: taken or refused, and what they count. */
#ifndef COLDMETER_TESTS_DESCRIBED_H
#define COLDMETER_TESTS_DESCRIBED_H

#include <errno.h>
#include <string.h>

#include "price/estimate.h"

static inline struct estimate *described(
    const char *json, const struct estimate_options *options)
{
	struct estimate *estimate = estimate_new(options);
	char why[256] = "";

	assert_non_null(estimate);
	if (estimate_add_described(estimate, json, strlen(json), why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return estimate;
}

static inline uint64_t item_of(const char *json, enum usage_item item)
{
	struct estimate *estimate = described(json, &(struct estimate_options){0});
	uint64_t n = estimate->parts[0].usage.item[item];

	assert_int_equal(estimate->parts_n, 1);
	estimate_free(estimate);
	return n;
}

static inline uint64_t stated_of(const char *json, enum stated_item item)
{
	struct estimate *estimate = described(json, &(struct estimate_options){0});
	uint64_t n = estimate->parts[0].stated.item[item - STATED_FIRST];

	estimate_free(estimate);
	return n;
}

static inline void assert_refused(const char *json, const char *sentence)
{
	struct estimate *estimate = estimate_new(&(struct estimate_options){0});
	char why[256] = "";

	assert_int_equal(
	    estimate_add_described(estimate, json, strlen(json), why, sizeof(why)),
	    -EBADMSG);
	assert_string_equal(why, sentence);
	estimate_free(estimate);
}

#endif
