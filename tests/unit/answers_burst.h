/* Invocations that come one after the other, put into the ledger of a place. */
#ifndef TESTS_UNIT_ANSWERS_BURST_H
#define TESTS_UNIT_ANSWERS_BURST_H

#include "tests/unit/answers_place.h"

#define MS 1000000LL

/* n invocations of a function from then on, 100 ms apart. */
struct burst {
	const char *function;
	const char *version;
	const char *platform;
	const char *host;
	int64_t start_ns;
	int n;
	int duration_ms; /* and up to 9 more */
	int errors;      /* the first so many */
	int cold;
};

static inline void burst(const struct place *place, const struct burst *b)
{
	char *lines = NULL;
	size_t n;
	FILE *f = open_memstream(&lines, &n);

	for (int i = 0; i < b->n; i++) {
		char start[CLOCK_RFC3339_BYTES];

		clock_format_rfc3339(b->start_ns + (int64_t)i * 100 * MS, start);
		(void)fprintf(f,
		    "{\"function\":\"%s\",\"version\":\"%s\",\"platform\":\"%s\","
		    "\"kind\":\"lambda\",\"host\":\"%s\",\"arch\":\"x86_64\","
		    "\"region\":\"us-east-1\",\"memory_limit_mb\":128,\"start\":\"%s\","
		    "\"peak_memory_mb\":64,\"duration_ms\":%d,\"concurrency\":%d,"
		    "\"status\":\"%s\",\"trace_id\":\"t%d\"%s}\n",
		    b->function, b->version, b->platform, b->host, start,
		    b->duration_ms + i % 10, 1 + i % 3, i < b->errors ? "error" : "ok", i,
		    i < b->cold ? ",\"cold\":true,\"init_ms\":200" : "");
	}
	assert_int_equal(fclose(f), 0);
	expect_status(raw_send(place->port, "POST", "/v1/invocations",
			  "Content-Type: application/x-ndjson\r\n", lines, n),
	    200);
	free(lines);
}

#endif
