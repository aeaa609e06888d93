/* Paths and words of requests to the collector. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/url.h"
#include "base/clock.h"
#include "model/money.h"
#include "serve/http/route.h"
#include "tests/fuzz/checks.h"

#define NOW_NS 1700000000000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void try_route(const char *text)
{
	static const char *const patterns[] = {"/{a}/{b}", "/v1/functions/{name}/series",
	    "/v1/budgets/{name}", "/v1/alerts/{id}/ack", "{a}"};
	char *copy = strdup(text);

	if (!copy)
		abort();
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		char parameter[2][HTTP_PARAMETER_BYTES] = {"", ""};

		if (!route_fits(patterns[i], text, parameter))
			continue;
		for (int k = 0; k < 2; k++)
			(void)check_utf8(parameter[k], HTTP_PARAMETER_BYTES);
	}
	if (route_decode(copy))
		(void)check_utf8(copy, strlen(text) + 1);
	free(copy);
}

static void try_moment(const char *text)
{
	char formatted[CLOCK_RFC3339_BYTES];
	int64_t ns = 0;
	int64_t again = 0;

	if (clock_parse_span(text, &ns) == 0 && ns < 0)
		abort();
	if (clock_parse_moment(text, NOW_NS, &ns) < 0 || ns < 0)
		return;
	clock_format_rfc3339(ns, formatted);
	if (clock_parse_rfc3339(formatted, &again) < 0 || again != ns)
		abort();
}

static void try_money(const char *text)
{
	struct money money;
	struct money again;
	char formatted[MONEY_TEXT_BYTES];

	if (money_parse(text, &money) < 0)
		return;
	money_format(money, formatted);
	if (money_parse(formatted, &again) < 0 || money_compare(money, again) != 0)
		abort();
}

static void try_url(const char *text)
{
	char shown[URL_MAX_BYTES];

	url_mask(text, shown, sizeof(shown));
	check_text(shown, sizeof(shown));
	url_show(text, shown, sizeof(shown));
	check_text(shown, sizeof(shown));
	(void)url_reject(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	char *text = calloc(1, size + 1);

	if (!text)
		return 0;
	memcpy(text, in, size);
	try_route(text);
	try_moment(text);
	try_money(text);
	try_url(text);
	free(text);
	return 0;
}
