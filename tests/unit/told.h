/* Whether a ledger tells the same of every invocation as it did before. */
#ifndef TESTS_UNIT_TOLD_H
#define TESTS_UNIT_TOLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "store/store.h"
#include "wire/json.h"

/* All that is told of invocations, in any order. */
struct told {
	uint64_t n;
	uint64_t hash;
};

static inline int tell(
    void *context, const struct invocation *invocation, const char *host)
{
	struct told *told = context;
	char line[JSON_LINE_MAX_BYTES];
	size_t n = json_format_invocation(invocation, host, line);

	told->n++;
	told->hash += hash_bytes(0, line, n);
	return 0;
}

static inline struct told told_of(struct store *store)
{
	struct told told = {0};

	assert_int_equal(
	    store_scan_invocations(store, INT64_MIN, INT64_MAX, NULL, true, tell, &told),
	    0);
	return told;
}

static inline void assert_told(struct store *store, const struct told *expected)
{
	struct told told = told_of(store);

	assert_int_equal(told.n, expected->n);
	assert_true(told.hash == expected->hash);
}

#endif
