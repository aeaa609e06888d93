#include "serve/ingest/traces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "serve/ingest/receipt.h"
#include "wire/gunzip.h"

bool traces_find_form(
    struct intake *in, const struct http_request *request, struct http_reply *reply)
{
	in->form = INTAKE_OTLP_PROTO;
	if (http_is_type(request->content_type, OTLP_PROTO_TYPE))
		return true;
	in->form = INTAKE_OTLP_JSON;
	if (http_is_type(request->content_type, OTLP_JSON_TYPE))
		return true;
	(void)receipt_error(in, reply, 415, "unsupported_media_type",
	    "this takes " OTLP_PROTO_TYPE " or " OTLP_JSON_TYPE);
	return false;
}

static void refuse(const struct intake *in, int err, struct http_reply *reply)
{
	switch (err) {
	case -EFBIG:
		(void)receipt_error(in, reply, 413, "too_large",
		    "more than %d invocations in one request", OTLP_TAKEN_MAX);
		return;
	case -EBADMSG:
		(void)receipt_error(in, reply, 400, "bad_spans", "at byte %zu: %s",
		    in->spans.offset, in->spans.why);
		return;
	default:
		receipt_failed(in, err, reply);
	}
}

static void refuse_gzip(const struct intake *in, int err, struct http_reply *reply)
{
	switch (err) {
	case -EFBIG:
		(void)receipt_error(in, reply, 413, "too_large",
		    "the body expands to more than %zu bytes", TRACES_MAX_BYTES);
		return;
	case -EBADMSG:
		(void)receipt_error(in, reply, 400, "bad_gzip",
		    "the body is damaged, cut off, or not gzip");
		return;
	default:
		receipt_failed(in, err, reply);
	}
}

bool traces_read(
    struct intake *in, const struct http_request *request, struct http_reply *reply)
{
	const char *encoding = http_header(request, "Content-Encoding");
	AUTO(free) uint8_t *expanded = NULL;
	const uint8_t *body = request->body;
	size_t body_bytes = request->body_bytes;
	int err = 0;

	if (encoding && strcasecmp(encoding, "gzip") == 0) {
		err = gunzip(body, body_bytes, TRACES_MAX_BYTES, &expanded, &body_bytes);
		body = expanded;
	} else if (encoding && strcasecmp(encoding, "identity") != 0) {
		(void)receipt_error(in, reply, 415, "unsupported_encoding",
		    "this takes Content-Encoding gzip or none");
		return false;
	}
	if (err) {
		refuse_gzip(in, err, reply);
		return false;
	}
	err = intake_otlp(in, body, body_bytes);
	if (err)
		refuse(in, err, reply);
	return err == 0;
}
