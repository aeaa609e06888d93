#include "wire/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/import/app_insights.h"
#include "wire/import/cloud_run.h"
#include "wire/import/lambda_join.h"
#include "wire/import/lambda_log.h"
#include "wire/import/otlp.h"
#include "wire/import/records.h"
#include "wire/import/table_row.h"
#include "wire/inflater.h"

#define PIECE_BYTES ((size_t)128 << 10) /* of what is expanded at a time */
#define MAGIC_BYTES 2
#define ROW_BYTES ((size_t)256 << 10)         /* of a row as an object */
#define LATEST_START_NS 7258118400000000000LL /* the year 2200 */

static const uint8_t gzip_magic[MAGIC_BYTES] = {0x1f, 0x8b};

struct import {
	struct import_settings settings;
	struct import_sink sink;
	struct import_sink inner; /* of the readers: it counts */
	uint64_t taken;
	uint64_t sampled; /* requests that others stand for */
	const char *why;
	uint64_t line;              /* of why, and of a request; 0: not known any more */
	uint8_t first[MAGIC_BYTES]; /* held until there are so many */
	size_t first_n;
	bool is_begun;
	struct inflater *inflater; /* NULL: it is not compressed */
	uint8_t *piece;
	struct records *records;
	struct lambda_join *join;
	struct lambda_log *log;
	struct import_otlp *otlp;
	char *row; /* ROW_BYTES; NULL: of Lambda and of traces */
};

static const char *const names[IMPORT_SOURCES] = {
    [IMPORT_LAMBDA_REPORT] = "lambda-report",
    [IMPORT_TELEMETRY] = "telemetry",
    [IMPORT_OTLP] = "otlp",
    [IMPORT_GCP_RUN] = "gcp-run",
    [IMPORT_AZURE_INSIGHTS] = "azure-insights",
};

const char *import_source_name(enum import_source source)
{
	return names[source];
}

enum import_source import_source_find(const char *name)
{
	size_t i = 0;

	while (i < IMPORT_SOURCES && strcmp(names[i], name) != 0)
		i++;
	return (enum import_source)i;
}

/* --- one record
 * -------------------------------------------------------------------------
 */

static void complain(void *context, uint64_t line, const char *why)
{
	const struct import *import = context;

	import->sink.complain(import->sink.context, line, why);
}

static int take_found(void *context, const struct import_found *found)
{
	struct import *import = context;
	int64_t start_ns = found->invocation->start_ns;

	if (start_ns < 0 || start_ns >= LATEST_START_NS) { /* the ledger takes none */
		complain(import, import->line, "a start before 1970 or after 2200");
		return 0;
	}
	import->taken++;
	return import->sink.take(import->sink.context, found);
}

/* A line that lacks what only the user can say: at first that ends the reading, so that
 * nothing is half done; later it is one bad line. */
static int lacking(struct import *import, uint64_t line, const char *why)
{
	if (import->taken > 0) {
		complain(import, line, why);
		return 0;
	}
	import->why = why;
	import->line = line;
	return -ENODATA;
}

static int take_lambda(struct import *import, const struct record *record)
{
	const char *why = NULL;
	int err = lambda_log_take(import->log, record, &why);

	if (err == -ENODATA)
		return lacking(import, record->line, why);
	return err < 0 ? err : 0;
}

/* Reads one object. As cloud_run_read(). */
static int read_request(struct import *import, const char *text, size_t n,
    struct invocation *inv, struct function *function, const char **why)
{
	uint64_t stands_for = 1;
	int read;

	if (import->settings.source == IMPORT_GCP_RUN)
		return cloud_run_read(text, n, inv, function, why);
	read = app_insights_read(text, n, inv, function, &stands_for, why);
	if (read == 1)
		import->sampled += stands_for - 1;
	return read;
}

/* The object that a record is; false when it is none. */
static bool find_object(
    struct import *import, const struct record *record, const char **text, size_t *n)
{
	ssize_t made;

	*text = record->text;
	*n = record->n;
	if (record->is_object)
		return true;
	if (!record->is_row) {
		if (record->text[0] == '{')
			complain(import, record->line, "JSON that is malformed");
		return false;
	}
	made = table_row_object(record->head, record->head_n, record->text, record->n,
	    import->row, ROW_BYTES);
	if (made < 0) {
		complain(import, record->line, "a row without the columns of its table");
		return false;
	}
	*text = import->row;
	*n = (size_t)made;
	return true;
}

static int take_request(struct import *import, const struct record *record)
{
	struct function function = import->settings.function;
	struct invocation inv;
	const struct import_found found = {.invocation = &inv};
	const char *why = NULL;
	const char *text;
	size_t n;
	int read;

	if (!find_object(import, record, &text, &n))
		return 0;
	read = read_request(import, text, n, &inv, &function, &why);
	if (read == -EBADMSG)
		complain(import, record->line, why);
	if (read <= 0)
		return 0;
	import->line = record->line;
	return take_found(import, &found);
}

static int take_record(void *context, const struct record *record)
{
	struct import *import = context;

	return import->log ? take_lambda(import, record) : take_request(import, record);
}

/* --- the stream
 * -------------------------------------------------------------------------
 */

static int make_reader(struct import *import)
{
	bool is_lambda = import->settings.source == IMPORT_LAMBDA_REPORT ||
			 import->settings.source == IMPORT_TELEMETRY;
	const struct records_sink sink = {take_record, complain, import, is_lambda};
	int err = 0;

	if (import->settings.source == IMPORT_OTLP)
		return import_otlp_new(&import->settings, &import->inner, &import->otlp);
	if (is_lambda)
		err = lambda_join_new(&import->settings, &import->inner, &import->join);
	if (is_lambda && !err)
		err = lambda_log_new(import->join, &import->inner, &import->log);
	if (!is_lambda && !(import->row = malloc(ROW_BYTES)))
		err = -ENOMEM;
	return err ? err : records_new(&sink, RECORDS_USUAL_BYTES, &import->records);
}

int import_new(const struct import_settings *settings, const struct import_sink *sink,
    struct import **out)
{
	struct import *import = calloc(1, sizeof(*import));
	int err;

	if (!import)
		return -ENOMEM;
	import->settings = *settings;
	import->sink = *sink;
	import->inner = (struct import_sink){take_found, complain, import};
	err = make_reader(import);
	if (err) {
		import_free(import);
		return err;
	}
	*out = import;
	return 0;
}

void import_free(struct import *import)
{
	if (!import)
		return;
	lambda_log_free(import->log);
	lambda_join_free(import->join);
	import_otlp_free(import->otlp);
	records_free(import->records);
	inflater_free(import->inflater);
	free(import->piece);
	free(import->row);
	free(import);
}

static int push_plain(struct import *import, const uint8_t *bytes, size_t n)
{
	return import->otlp ? import_otlp_push(import->otlp, bytes, n)
			    : records_push(import->records, bytes, n);
}

static int push_gzip(struct import *import, const uint8_t *bytes, size_t n)
{
	ssize_t got;
	int err = 0;

	inflater_feed(import->inflater, bytes, n);
	do {
		got = inflater_read(import->inflater, import->piece, PIECE_BYTES);
		if (got > 0)
			err = push_plain(import, import->piece, (size_t)got);
	} while (!err && got > 0);
	if (got == -EBADMSG)
		import->why = "the gzip data is damaged from here on";
	return err ? err : (int)got;
}

static int push_some(struct import *import, const uint8_t *bytes, size_t n)
{
	return import->inflater ? push_gzip(import, bytes, n)
				: push_plain(import, bytes, n);
}

/* The first bytes are here, or all there is: is it gzip? */
static int begin(struct import *import)
{
	int err = 0;

	import->is_begun = true;
	if (import->first_n == MAGIC_BYTES &&
	    memcmp(import->first, gzip_magic, MAGIC_BYTES) == 0) {
		import->piece = malloc(PIECE_BYTES);
		err = import->piece ? inflater_new(&import->inflater) : -ENOMEM;
	}
	return err ? err : push_some(import, import->first, import->first_n);
}

int import_push(struct import *import, const uint8_t *bytes, size_t n)
{
	int err = 0;

	while (!import->is_begun && n > 0) {
		import->first[import->first_n++] = *bytes++;
		n--;
		if (import->first_n == MAGIC_BYTES)
			err = begin(import);
	}
	return err || n == 0 ? err : push_some(import, bytes, n);
}

int import_end(struct import *import)
{
	int err = import->is_begun ? 0 : begin(import);

	if (!err)
		err = import->otlp ? import_otlp_end(import->otlp)
				   : records_end(import->records);
	if (!err && import->join)
		err = lambda_join_end(import->join);
	if (!err && import->inflater && !inflater_is_whole(import->inflater)) {
		import->why = "the gzip data is cut off";
		err = -EBADMSG;
	}
	return err;
}

const char *import_why(const struct import *import)
{
	return import->why ? import->why : "";
}

uint64_t import_line(const struct import *import)
{
	return import->line;
}

uint64_t import_failed_inits(const struct import *import)
{
	return import->join ? lambda_join_failed_inits(import->join) : 0;
}

uint64_t import_sampled(const struct import *import)
{
	return import->sampled;
}
