#include "serve/ingest/receipt.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MESSAGE_BYTES 512

static bool is_otlp(const struct intake *in)
{
	return in->form == INTAKE_OTLP_PROTO || in->form == INTAKE_OTLP_JSON;
}

static void put_json(struct http_reply *reply, json_t *root)
{
	reply->body = root ? json_dumps(root, JSON_COMPACT) : NULL;
	reply->body_bytes = reply->body ? strlen(reply->body) : 0;
	json_decref(root);
}

static void put_spans(const struct intake *in, struct http_reply *reply)
{
	reply->body = malloc(OTLP_ANSWER_BYTES);
	if (!reply->body)
		return;
	reply->body_bytes =
	    otlp_answer(&in->spans, in->form == INTAKE_OTLP_JSON, reply->body);
}

void receipt_stored(const struct intake *in, struct http_reply *reply)
{
	json_t *root;
	size_t accepted = 0;
	size_t already = 0;
	bool duplicate = in->n > 0;

	if (in->form == INTAKE_OTLP_PROTO)
		reply->content_type = OTLP_PROTO_TYPE;
	if (is_otlp(in)) {
		put_spans(in, reply);
		return;
	}
	for (size_t i = 0; i < in->n; i++) {
		accepted += in->batches[i].batch->invocations_n;
		already += in->batches[i].known_n;
		duplicate &= !in->batches[i].is_new;
	}
	root = json_pack(
	    "{s:I,s:b}", "accepted", (json_int_t)accepted, "duplicate", duplicate);
	if (root && in->n == 1 && in->batches[0].imported)
		(void)json_object_set_new(
		    root, "already", json_integer((json_int_t)already));
	if (root && in->form == INTAKE_NDJSON) {
		(void)json_object_set_new(root, "rejected",
		    in->rejected ? json_incref(in->rejected) : json_array());
		(void)json_object_set_new(
		    root, "rejected_count", json_integer((json_int_t)in->rejected_n));
	}
	put_json(reply, root);
}

/* google.rpc.Code, by the table of its documentation. */
static int rpc_code(int status)
{
	switch (status) {
	case 413:
		return 11; /* OUT_OF_RANGE */
	case 422:
		return 9; /* FAILED_PRECONDITION */
	case 429:
	case 503:
		return 14; /* UNAVAILABLE: try again */
	case 500:
		return 13; /* INTERNAL */
	default:
		return 3; /* INVALID_ARGUMENT */
	}
}

int receipt_error(const struct intake *in, struct http_reply *reply, int status,
    const char *code, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	text_make_printable(message);
	(void)http_reply_error(reply, status, code, "%s", message);
	if (!is_otlp(in))
		return 0;
	free(reply->body);
	if (in->form == INTAKE_OTLP_JSON) {
		put_json(reply,
		    json_pack("{s:{s:s,s:s},s:i,s:s}", "error", "code", code, "message",
			message, "code", rpc_code(status), "message", message));
		return 0;
	}
	reply->content_type = OTLP_PROTO_TYPE;
	reply->body = malloc(OTLP_ANSWER_BYTES);
	reply->body_bytes =
	    reply->body ? otlp_answer_status(rpc_code(status), message, reply->body) : 0;
	return 0;
}

void receipt_busy(const struct intake *in, struct http_reply *reply)
{
	reply->retry_after_s = 1;
	(void)receipt_error(
	    in, reply, 429, "busy", "more is waiting to be stored than fits: try again");
}

void receipt_failed(const struct intake *in, int err, struct http_reply *reply)
{
	switch (err) {
	case -EDQUOT:
		(void)receipt_error(in, reply, 422, "too_many_functions",
		    "the ledger holds as many functions as it can");
		return;
	case -ENOSPC:
	case -EROFS:
	case -EIO:
	case -ENOMEM:
	case -EBUSY:
		reply->retry_after_s = 5;
		(void)receipt_error(in, reply, 503, "cannot_store",
		    "nothing was stored: %s", strerror(-err));
		return;
	default:
		(void)receipt_error(
		    in, reply, 500, "internal", "nothing was stored: %s", strerror(-err));
	}
}
