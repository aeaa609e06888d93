/* HTTP by libcurl to whatever server a bench has started on port. */
#ifndef COLDMETER_TESTS_BENCH_INSTEAD_HTTP_H
#define COLDMETER_TESTS_BENCH_INSTEAD_HTTP_H

#include <curl/curl.h>

#include "tests/bench/collector.h"

struct answer {
	char *text;
	size_t n;
};

static inline size_t take(char *bytes, size_t size, size_t n, void *context)
{
	struct answer *answer = context;
	char *more = realloc(answer->text, answer->n + size * n + 1);

	if (!more)
		return 0;
	answer->text = more;
	memcpy(more + answer->n, bytes, size * n);
	answer->n += size * n;
	more[answer->n] = '\0';
	return size * n;
}

/* The status; 0: nobody is there. */
static inline long perform(CURL *curl, const char *target, struct answer *answer)
{
	char url[1100];
	long status = 0;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, target);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (curl_easy_perform(curl) != CURLE_OK)
		return 0;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static inline long get(const char *target, struct answer *answer)
{
	CURL *curl = curl_easy_init();
	long status;

	if (!curl)
		die("curl");
	status = perform(curl, target, answer);
	curl_easy_cleanup(curl);
	return status;
}

#endif
