#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/answers/answer.h"
#include "serve/figures/trace.h"
#include "wire/json.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 10000
#define READ_MAX 2000000 /* about a second; then the answer is truncated */
#define STOP 1

struct list {
	FILE *out;
	unsigned long limit;
	unsigned long n;
	bool by_cold;
	bool cold;
	bool by_ping;
	bool ping;
	enum invocation_status status; /* STATUS_COUNT: any */
	const char *trace_id;          /* NULL: any */
	struct trace trace;            /* of trace_id */
	bool truncated;
};

static bool fits(const struct list *list, const struct invocation *inv)
{
	if (list->by_cold && (inv->start_type == START_COLD) != list->cold)
		return false;
	if (list->by_ping && inv->ping != list->ping)
		return false;
	if (list->trace_id && strcmp(inv->trace_id, list->trace_id) != 0)
		return false;
	return list->status == STATUS_COUNT || inv->status == list->status;
}

static int add(void *context, const struct invocation *invocation, const char *host)
{
	struct list *list = context;
	char line[JSON_LINE_MAX_BYTES];
	size_t len;

	if (!fits(list, invocation))
		return 0;
	if (list->n == list->limit) {
		list->truncated = true;
		return STOP;
	}
	if (list->trace_id && trace_add(&list->trace, invocation) < 0)
		return -ENOMEM;
	len =
	    json_format_invocation(invocation, host, line) - 1; /* without its newline */
	if (list->n++ > 0)
		(void)fputc(',', list->out);
	(void)fwrite(line, 1, len, list->out);
	return 0;
}

static bool parse(
    const struct http_request *request, struct list *list, struct http_reply *reply)
{
	const char *status = http_query(request, "status");

	list->trace_id = http_query(request, "trace_id");
	list->by_cold = http_query(request, "cold") != NULL;
	list->by_ping = http_query(request, "ping") != NULL;
	if (!answer_flag(request, "cold", &list->cold, reply) ||
	    !answer_flag(request, "ping", &list->ping, reply))
		return false;
	list->limit = LIMIT_DEFAULT;
	if (!answer_limit(request, LIMIT_MAX, &list->limit, reply))
		return false;
	list->status = status ? invocation_status_find(status) : STATUS_COUNT;
	if (!status || list->status != STATUS_COUNT)
		return true;
	(void)http_reply_error(reply, 400, "bad_request",
	    "status is one of ok, error, timeout, oom, crash, init_error, aborted");
	return false;
}

/* What the listed invocations of one event add up to. */
static int write_total(struct list *list, const struct book *book)
{
	json_t *total = trace_json(&list->trace, book);
	char *text =
	    total ? json_dumps(total, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

	json_decref(total);
	if (!text)
		return -ENOMEM;
	(void)fprintf(list->out, ",\"total\":%s", text);
	free(text);
	return 0;
}

int answer_invocations(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct store_reading reading;
	struct list list = {0};
	struct window window;
	char *body = NULL;
	size_t body_bytes = 0;
	json_t *json;
	char *text;
	int err;

	if (!answer_window(request, "1h", &window, reply) ||
	    !parse(request, &list, reply))
		return 0;
	json = answer_window_json(&window);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	list.out = text ? open_memstream(&body, &body_bytes) : NULL;
	if (!list.out) {
		free(text);
		return -ENOMEM;
	}
	(void)fprintf(list.out, "{\"window\":%s,\"invocations\":[", text);
	free(text);
	reading = (struct store_reading){.since_ns = window.since_ns,
	    .until_ns = window.until_ns,
	    .function = http_query(request, "function"),
	    .newest_first = true,
	    .most = READ_MAX};
	err = store_read_invocations(answers->store, &reading, add, &list);
	list.truncated |= reading.cut;
	(void)fprintf(list.out, "],\"truncated\":%s", list.truncated ? "true" : "false");
	if (err >= 0 && list.trace_id)
		err = write_total(&list, answers->book);
	trace_done(&list.trace);
	(void)fputc('}', list.out);
	if (fclose(list.out) != 0)
		err = -ENOMEM;
	if (err < 0) {
		free(body);
		return err;
	}
	reply->body = body;
	reply->body_bytes = body_bytes;
	return 0;
}
