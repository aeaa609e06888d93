#include "wire/import/otlp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/otlp.h"

#define LENGTH_BYTES 4

enum form { FORM_UNKNOWN, FORM_JSON, FORM_PROTO, FORM_FRAMES };

struct import_otlp {
	const struct import_settings *settings;
	const struct import_sink *sink;
	enum form form;
	uint64_t line;           /* of the request that is being read; 0: protobuf */
	bool too_long;           /* what is pushed is passed over */
	struct records *records; /* of JSON */
	uint8_t *bytes;          /* of protobuf, IMPORT_OTLP_MAX_BYTES */
	size_t n;
	size_t skip; /* bytes of a frame that is too long */
};

int import_otlp_new(const struct import_settings *settings,
    const struct import_sink *sink, struct import_otlp **out)
{
	struct import_otlp *otlp = calloc(1, sizeof(*otlp));

	if (!otlp)
		return -ENOMEM;
	otlp->settings = settings;
	otlp->sink = sink;
	*out = otlp;
	return 0;
}

void import_otlp_free(struct import_otlp *otlp)
{
	if (!otlp)
		return;
	records_free(otlp->records);
	free(otlp->bytes);
	free(otlp);
}

/* --- one request
 * ------------------------------------------------------------------------
 */

static void complain(const struct import_otlp *otlp, const char *why)
{
	otlp->sink->complain(otlp->sink->context, otlp->line, why);
}

static int take_span(void *context, const struct otlp_record *record, const char **why)
{
	const struct import_otlp *otlp = context;
	struct invocation inv = *record->invocation;
	struct function function = *inv.function;
	const struct function *wanted = &otlp->settings->function;
	const struct import_found found = {.invocation = &inv};

	(void)why;
	inv.function = &function;
	if (wanted->name[0])
		(void)text_copy(function.name, sizeof(function.name), wanted->name);
	if (!function.version[0])
		(void)text_copy(
		    function.version, sizeof(function.version), wanted->version);
	if (!function.region[0])
		(void)text_copy(function.region, sizeof(function.region), wanted->region);
	if (function.arch == ARCH_UNKNOWN)
		function.arch = wanted->arch;
	return otlp->sink->take(otlp->sink->context, &found);
}

static int take_request(
    struct import_otlp *otlp, const uint8_t *bytes, size_t n, bool is_json)
{
	struct otlp_tally tally;
	int err = is_json ? otlp_json_read(bytes, n, take_span, otlp, &tally)
			  : otlp_proto_read(bytes, n, take_span, otlp, &tally);

	if (err == -EBADMSG || err == -EFBIG) {
		complain(otlp, err == -EFBIG ? "more than 65536 invocations in a request"
					     : tally.why);
		return 0;
	}
	for (size_t i = 0; i < tally.reasons_n; i++) {
		for (size_t n_of = 0; n_of < tally.reasons[i].n; n_of++)
			complain(otlp, tally.reasons[i].why);
	}
	return err;
}

/* --- JSON ------------------------------------------------------------------------------
 */

static int take_record(void *context, const struct record *record)
{
	struct import_otlp *otlp = context;

	otlp->line = record->line;
	if (!record->is_object) {
		complain(otlp, "no JSON object");
		return 0;
	}
	return take_request(otlp, (const uint8_t *)record->text, record->n, true);
}

static void complain_record(void *context, uint64_t line, const char *why)
{
	const struct import_otlp *otlp = context;

	otlp->sink->complain(otlp->sink->context, line, why);
}

static int start_json(struct import_otlp *otlp)
{
	const struct records_sink sink = {take_record, complain_record, otlp, false};

	otlp->form = FORM_JSON;
	return records_new(&sink, IMPORT_OTLP_MAX_BYTES, &otlp->records);
}

/* --- protobuf --------------------------------------------------------------------------
 */

static int start_proto(struct import_otlp *otlp, uint8_t first)
{
	otlp->form = first == 0 ? FORM_FRAMES : FORM_PROTO;
	otlp->bytes = malloc(IMPORT_OTLP_MAX_BYTES);
	return otlp->bytes ? 0 : -ENOMEM;
}

static size_t length_of(const uint8_t *bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < LENGTH_BYTES; i++)
		n = n << 8 | bytes[i];
	return n;
}

/* Takes the whole frames in the buffer. */
static int take_frames(struct import_otlp *otlp)
{
	size_t at = 0;
	int err = 0;

	while (!err && otlp->n - at >= LENGTH_BYTES) {
		size_t n = length_of(otlp->bytes + at);

		if (n > IMPORT_OTLP_MAX_BYTES - LENGTH_BYTES) {
			complain(otlp, "a request longer than 4 MiB");
			otlp->skip = n;
			at += LENGTH_BYTES;
			n = otlp->n - at < n ? otlp->n - at : n;
			otlp->skip -= n;
			at += n;
			continue;
		}
		if (otlp->n - at - LENGTH_BYTES < n)
			break;
		err = take_request(otlp, otlp->bytes + at + LENGTH_BYTES, n, false);
		at += LENGTH_BYTES + n;
	}
	memmove(otlp->bytes, otlp->bytes + at, otlp->n - at);
	otlp->n -= at;
	return err;
}

static int push_proto(struct import_otlp *otlp, const uint8_t *bytes, size_t n)
{
	int err = 0;

	while (!err && n > 0 && !otlp->too_long) {
		size_t room = IMPORT_OTLP_MAX_BYTES - otlp->n;
		size_t some = otlp->skip ? otlp->skip : room;

		some = n < some ? n : some;
		if (otlp->skip) {
			otlp->skip -= some;
		} else if (some == 0) {
			otlp->too_long = true; /* one request that fills the buffer */
		} else {
			memcpy(otlp->bytes + otlp->n, bytes, some);
			otlp->n += some;
			if (otlp->form == FORM_FRAMES)
				err = take_frames(otlp);
		}
		bytes += some;
		n -= some;
	}
	return err;
}

static int end_proto(struct import_otlp *otlp)
{
	if (otlp->too_long)
		complain(otlp, "a request longer than 4 MiB");
	else if (otlp->form == FORM_PROTO)
		return take_request(otlp, otlp->bytes, otlp->n, false);
	else if (otlp->n > 0 || otlp->skip > 0)
		complain(otlp, "the last request is cut off");
	return 0;
}

/* --- both ------------------------------------------------------------------------------
 */

/* A request in protobuf begins with the tag of its resource_spans, 0x0a, which is a
 * newline too: JSON must not begin with one. */
static int start(struct import_otlp *otlp, uint8_t first)
{
	if (first == '{' || first == '[' || first == ' ' || first == '\t')
		return start_json(otlp);
	return start_proto(otlp, first);
}

int import_otlp_push(struct import_otlp *otlp, const uint8_t *bytes, size_t n)
{
	int err = 0;

	if (n > 0 && otlp->form == FORM_UNKNOWN)
		err = start(otlp, bytes[0]);
	if (err || n == 0)
		return err;
	if (otlp->form == FORM_JSON)
		return records_push(otlp->records, bytes, n);
	return push_proto(otlp, bytes, n);
}

int import_otlp_end(struct import_otlp *otlp)
{
	if (otlp->form == FORM_UNKNOWN)
		return 0;
	return otlp->form == FORM_JSON ? records_end(otlp->records) : end_proto(otlp);
}
