#include <errno.h>
#include <string.h>

#include "serve/answer.h"
#include "serve/trace.h"

/* Nothing leads from an id to its invocations: all of the window are looked at, the
 * newest first, a million in about half a second. */
#define SCAN_MAX 2000000
#define STOP 1

struct search {
	const char *id;
	struct trace trace;
	uint64_t scanned;
	int64_t reached_ns; /* back to where it was looked */
	bool truncated;
};

static int look(void *context, const struct invocation *invocation, const char *host)
{
	struct search *search = context;

	(void)host;
	if (++search->scanned > SCAN_MAX) {
		search->truncated = true;
		return STOP;
	}
	search->reached_ns = invocation->start_ns;
	if (strcmp(invocation->trace_id, search->id) != 0)
		return 0;
	return trace_add(&search->trace, invocation);
}

int answer_trace(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct search search = {.id = request->parameter[0]};
	struct window window;
	json_t *root = NULL;
	int err;

	if (!answer_window(request, "24h", &window, reply))
		return 0;
	err = store_scan_invocations(
	    answers->store, window.since_ns, window.until_ns, NULL, true, look, &search);
	if (err >= 0 && search.trace.invocations == 0 && !search.truncated) {
		trace_done(&search.trace);
		return http_reply_error(reply, 404, "not_found",
		    "no invocation in this window has that trace id");
	}
	if (err >= 0) {
		root = json_pack("{s:s,s:o,s:o,s:o,s:b}", "trace_id", search.id, "window",
		    answer_window_json(&window), "functions",
		    trace_functions_json(&search.trace, answers->book), "total",
		    trace_json(&search.trace, answers->book), "truncated",
		    search.truncated);
		if (search.truncated)
			(void)json_object_set_new(
			    root, "looked_back_to", answer_time(search.reached_ns));
	}
	trace_done(&search.trace);
	return err < 0 ? err : answer_send(reply, root);
}
