#include <errno.h>
#include <string.h>

#include "serve/answers/answer.h"
#include "serve/figures/trace.h"

/* Nothing leads from an id to its invocations: all of the window are looked at, the
 * newest first, a million in about half a second. */
#define READ_MAX 2000000

struct search {
	const char *id;
	struct trace trace;
};

static int look(void *context, const struct invocation *invocation, const char *host)
{
	struct search *search = context;

	(void)host;
	if (strcmp(invocation->trace_id, search->id) != 0)
		return 0;
	return trace_add(&search->trace, invocation);
}

int answer_trace(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct search search = {.id = request->parameter[0]};
	struct store_reading reading;
	struct window window;
	json_t *root = NULL;
	int err;

	if (!answer_window(request, "24h", &window, reply))
		return 0;
	reading = (struct store_reading){.since_ns = window.since_ns,
	    .until_ns = window.until_ns,
	    .newest_first = true,
	    .most = READ_MAX};
	err = store_read_invocations(answers->store, &reading, look, &search);
	if (err >= 0 && search.trace.invocations == 0 && !reading.cut) {
		trace_done(&search.trace);
		return http_reply_error(reply, 404, "not_found",
		    "no invocation in this window has that trace id");
	}
	if (err >= 0) {
		root = json_pack("{s:s,s:o,s:o,s:o,s:b}", "trace_id", search.id, "window",
		    answer_window_json(&window), "functions",
		    trace_functions_json(&search.trace, answers->book), "total",
		    trace_json(&search.trace, answers->book), "truncated", reading.cut);
		if (reading.cut)
			(void)json_object_set_new(
			    root, "looked_back_to", answer_time(reading.reached_ns));
	}
	trace_done(&search.trace);
	return err < 0 ? err : answer_send(reply, root);
}
