#include "serve/ready.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/token.h"
#include "base/version.h"
#include "serve/answers/answer.h"

#define WHY_BYTES 128

/* False: why says why not. */
static bool is_ready(const struct ready *ready, char why[WHY_BYTES])
{
	struct ingest_health health;
	struct batch_ledger sum;
	struct statvfs disk;
	const char *reason = NULL;
	int err = store_ledger(ready->store, 0, &sum);

	if (err < 0) {
		reason = "the ledger cannot be read";
	} else {
		ingest_health(ready->ingest, clock_boot_ns(), &health);
		err = health.err;
		if (health.busy_ns > READY_STUCK_S * (uint64_t)CLOCK_NS_PER_S)
			reason = "a commit does not end";
		else if (err)
			reason = "what was received last could not be stored";
		else if (statvfs(ready->directory, &disk) == 0 &&
			 (uint64_t)disk.f_bavail * disk.f_frsize < ready->min_free_bytes)
			reason = "the disk is all but full";
	}
	if (reason)
		(void)snprintf(why, WHY_BYTES, "%s%s%s", reason, err ? ": " : "",
		    err ? strerror(-err) : "");
	return !reason;
}

static int send_status(struct http_reply *reply, const char *status)
{
	return answer_send(reply, json_pack("{s:s}", "status", status));
}

static int answer_health(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	return send_status(reply, "ok");
}

static int answer_ready(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	char why[WHY_BYTES];

	(void)request;
	if (!is_ready(context, why))
		return http_reply_error(reply, 503, "not_ready", "%s", why);
	return send_status(reply, "ready");
}

/* {"version","now","started","tls","token":{"name","role"}}; no token: none is asked for.
 */
static int answer_about(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct ready *ready = context;
	const struct token *token = http_token(request);
	json_t *root = json_pack("{s:s, s:o, s:o, s:b}", "version", COLDMETER_VERSION,
	    "now", answer_time(clock_wall_ns()), "started",
	    answer_time(ready->started_ns), "tls", (int)http_is_tls(request));

	if (root && token)
		(void)json_object_set_new(root, "token",
		    json_pack("{s:s, s:s}", "name", token->name, "role",
			token_role_name(token->role)));
	return answer_send(reply, root);
}

int ready_add_routes(struct ready *ready, struct http *http)
{
	static const struct http_route routes[] = {
	    {"GET", "/healthz", answer_health, 0, HTTP_NEEDS_NOTHING},
	    {"GET", "/readyz", answer_ready, 0, HTTP_NEEDS_NOTHING},
	    {"GET", "/v1/collector", answer_about, 0, HTTP_NEEDS_TOKEN},
	};

	return http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), ready);
}
