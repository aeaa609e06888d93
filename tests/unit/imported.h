/* What an import finds in a text, for tests; it is read in pieces of every size. */
#ifndef TESTS_UNIT_IMPORTED_H
#define TESTS_UNIT_IMPORTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "wire/import.h"

#define IMPORTED_MAX 16

struct imported {
	size_t n;
	struct invocation invocations[IMPORTED_MAX];
	struct function functions[IMPORTED_MAX];
	uint64_t billed_ms[IMPORTED_MAX]; /* 0: not said */
	size_t complaints_n;
	uint64_t lines[IMPORTED_MAX];
	char whys[IMPORTED_MAX][160];
	uint64_t failed_inits;
	uint64_t sampled;
	int err;
	char why[160];
	uint64_t line;
};

static inline int imported_take(void *context, const struct import_found *found)
{
	struct imported *to = context;

	assert_true(to->n < IMPORTED_MAX);
	to->invocations[to->n] = *found->invocation;
	to->functions[to->n] = *found->invocation->function;
	to->invocations[to->n].function = &to->functions[to->n];
	to->billed_ms[to->n] = found->has_billed ? found->billed_ms : 0;
	to->n++;
	return 0;
}

static inline void imported_complain(void *context, uint64_t line, const char *why)
{
	struct imported *to = context;

	assert_non_null(why);
	if (to->complaints_n < IMPORTED_MAX) {
		to->lines[to->complaints_n] = line;
		(void)snprintf(
		    to->whys[to->complaints_n], sizeof(to->whys[0]), "%s", why);
	}
	to->complaints_n++;
}

static inline void imported_read(const struct import_settings *settings, const void *in,
    size_t n, size_t piece, struct imported *to)
{
	const struct import_sink sink = {imported_take, imported_complain, to};
	struct import *import;
	int err = 0;

	memset(to, 0, sizeof(*to));
	assert_int_equal(import_new(settings, &sink, &import), 0);
	for (size_t at = 0; !err && at < n; at += piece)
		err = import_push(
		    import, (const uint8_t *)in + at, n - at < piece ? n - at : piece);
	if (!err)
		err = import_end(import);
	to->err = err;
	(void)snprintf(to->why, sizeof(to->why), "%s", import_why(import));
	to->line = import_line(import);
	to->failed_inits = import_failed_inits(import);
	to->sampled = import_sampled(import);
	import_free(import);
}

/* Reads it whole, and byte by byte, and in threes: the same must come out. */
static inline void imported_bytes(
    const struct import_settings *settings, const void *in, size_t n, struct imported *to)
{
	static struct imported other;

	imported_read(settings, in, n, n ? n : 1, to);
	for (size_t piece = 1; piece <= 3; piece += 2) {
		imported_read(settings, in, n, piece, &other);
		assert_int_equal(other.n, to->n);
		assert_int_equal(other.err, to->err);
		assert_int_equal(other.complaints_n, to->complaints_n);
		for (size_t i = 0; i < to->n; i++) {
			assert_string_equal(other.invocations[i].request_id,
			    to->invocations[i].request_id);
			assert_int_equal(
			    other.invocations[i].start_ns, to->invocations[i].start_ns);
		}
	}
}

static inline void imported_text(enum import_source source, const char *function,
    const char *text, struct imported *to)
{
	struct import_settings settings = {.source = source};

	(void)snprintf(settings.function.name, sizeof(settings.function.name), "%s",
	    function ? function : "");
	imported_bytes(&settings, text, strlen(text), to);
}

static inline int64_t at_time(const char *text)
{
	int64_t ns = 0;

	assert_int_equal(clock_parse_rfc3339(text, &ns), 0);
	return ns;
}

#endif
