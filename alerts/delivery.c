#include "alerts/delivery.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define WAIT_MAX_S 900
#define RETRY_AFTER_MAX_S 3600

static bool may_pass(long http_status)
{
	return http_status == 0 || http_status == 408 || http_status == 429 ||
	       (http_status >= 500 && http_status <= 599);
}

enum delivery_verdict delivery_judge(const struct delivery_answer *answer, int attempts)
{
	if (answer->http_status >= 200 && answer->http_status <= 299)
		return DELIVERY_DONE;
	if (answer->hopeless || !may_pass(answer->http_status) ||
	    attempts >= DELIVERY_MAX_ATTEMPTS)
		return DELIVERY_GIVE_UP;
	return DELIVERY_RETRY;
}

int64_t delivery_wait_ns(int attempts, long retry_after_s, uint32_t random)
{
	int64_t wait_s = attempts < 1    ? 1
			 : attempts > 10 ? WAIT_MAX_S
					 : 1LL << (attempts - 1);
	int64_t wait_ns;

	if (wait_s > WAIT_MAX_S)
		wait_s = WAIT_MAX_S;
	wait_ns = wait_s * CLOCK_NS_PER_S;
	wait_ns += wait_ns / 2 * (int64_t)(random >> 16) / 65536 - wait_ns / 4;
	if (retry_after_s > RETRY_AFTER_MAX_S)
		retry_after_s = RETRY_AFTER_MAX_S;
	/* never sooner than asked, and not everyone at that very second */
	if (retry_after_s > 0 && wait_ns < retry_after_s * CLOCK_NS_PER_S)
		wait_ns = retry_after_s * CLOCK_NS_PER_S +
			  CLOCK_NS_PER_S * (int64_t)(random >> 16) / 65536;
	return wait_ns;
}

/* Whether the answer repeats what follows the host in the address. */
static bool tells_secret(const char *response, const char *target)
{
	const char *path = strstr(target, "://");

	path = path ? strpbrk(path + 3, "/?") : NULL;
	return path && path[1] && strstr(response, path + 1);
}

void delivery_explain(const struct delivery_answer *answer, const char *target, char *out)
{
	const char *response = answer->response ? answer->response : "";
	bool redirect = answer->http_status >= 300 && answer->http_status <= 399;

	if (!answer->http_status)
		(void)snprintf(out, DELIVERY_ERROR_BYTES, "%s",
		    answer->error ? answer->error : "no answer");
	else if (redirect)
		(void)snprintf(out, DELIVERY_ERROR_BYTES,
		    "HTTP %ld: redirects are not followed", answer->http_status);
	else if (!*response || tells_secret(response, target))
		(void)snprintf(
		    out, DELIVERY_ERROR_BYTES, "HTTP %ld", answer->http_status);
	else
		(void)snprintf(out, DELIVERY_ERROR_BYTES, "HTTP %ld: %.120s",
		    answer->http_status, response);
	text_make_printable(out);
}
