/* The time of an entry is when the request came; its latency is the time until the
 * answer was out, waits for an instance and the network included. */
#include "wire/import/cloud_run.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/json/pick.h"
#include "wire/json/scan.h"

#define NS_PER_US 1000
#define US_PER_S 1000000
#define WORD_BYTES 256

enum piece {
	PIECE_RESOURCE,
	PIECE_SERVICE,
	PIECE_REVISION,
	PIECE_LOCATION,
	PIECE_INSTANCE,
	PIECE_MANAGED,
	PIECE_REQUEST,
	PIECE_LATENCY,
	PIECE_STATUS,
	PIECE_REQUEST_SIZE,
	PIECE_RESPONSE_SIZE,
	PIECE_INSERT_ID,
	PIECE_TRACE,
	PIECE_TIME,
	PIECES
};

static const char *const paths[PIECES] = {
    [PIECE_RESOURCE] = "resource.type",
    [PIECE_SERVICE] = "resource.labels.service_name",
    [PIECE_REVISION] = "resource.labels.revision_name",
    [PIECE_LOCATION] = "resource.labels.location",
    [PIECE_INSTANCE] = "labels.instanceId",
    [PIECE_MANAGED] = "labels.goog-managed-by",
    [PIECE_REQUEST] = "httpRequest.requestMethod",
    [PIECE_LATENCY] = "httpRequest.latency",
    [PIECE_STATUS] = "httpRequest.status",
    [PIECE_REQUEST_SIZE] = "httpRequest.requestSize",
    [PIECE_RESPONSE_SIZE] = "httpRequest.responseSize",
    [PIECE_INSERT_ID] = "insertId",
    [PIECE_TRACE] = "trace",
    [PIECE_TIME] = "timestamp",
};

/* "0.012345678s" */
static bool read_latency(const struct json_piece *piece, uint64_t *ns)
{
	char text[WORD_BYTES];
	struct json_scan scan;
	struct json_number number;
	uint64_t us;
	bool exact;
	size_t n;

	if (!json_piece_text(piece, text, sizeof(text)))
		return false;
	n = strlen(text);
	if (n < 2 || text[n - 1] != 's')
		return false;
	scan = (struct json_scan){text, text + n - 1};
	if (!json_scan_number(&scan, &number) || scan.at != scan.end ||
	    !json_number_scale(&number, US_PER_S, &us, &exact) ||
	    us > INT64_MAX / NS_PER_US)
		return false;
	*ns = us * NS_PER_US;
	return true;
}

static void take_status(struct invocation *inv, const struct json_piece *pieces)
{
	uint64_t status;

	inv->status = STATUS_OK;
	if (!json_piece_number(&pieces[PIECE_STATUS], 1, &status) || status < 100 ||
	    status > 999)
		return;
	inv->has |= HAS_HTTP_STATUS;
	inv->http_status = (uint16_t)status;
	if (status == 504)
		inv->status = STATUS_TIMEOUT;
	else if (status >= 500)
		inv->status = STATUS_ERROR;
}

/* "projects/PROJECT/traces/ID" */
static void take_trace(struct invocation *inv, const struct json_piece *piece)
{
	char text[WORD_BYTES];
	const char *id;

	if (!json_piece_text(piece, text, sizeof(text)))
		return;
	id = strrchr(text, '/');
	(void)text_copy(inv->trace_id, sizeof(inv->trace_id), id ? id + 1 : text);
}

static void take_function(struct function *function, const struct json_piece *pieces)
{
	char text[WORD_BYTES];

	function->platform = PLATFORM_KNATIVE;
	if (json_piece_text(&pieces[PIECE_MANAGED], text, sizeof(text)) &&
	    strcmp(text, "cloudfunctions") == 0)
		function->platform = PLATFORM_GCP_FUNCTIONS;
	if (!function->name[0])
		(void)json_piece_text(
		    &pieces[PIECE_SERVICE], function->name, sizeof(function->name));
	if (json_piece_text(&pieces[PIECE_REVISION], text, sizeof(text)))
		(void)text_copy(function->version, sizeof(function->version), text);
	if (json_piece_text(&pieces[PIECE_LOCATION], text, sizeof(text)))
		(void)text_copy(function->region, sizeof(function->region), text);
}

static void take_ids(struct invocation *inv, const struct json_piece *pieces)
{
	char text[WORD_BYTES];

	if (!json_piece_text(
		&pieces[PIECE_INSERT_ID], inv->request_id, sizeof(inv->request_id)))
		inv->quality |= QUALITY_REQUEST_ID_UNKNOWN;
	/* longer than a sandbox's name: its end is what differs */
	if (json_piece_text(&pieces[PIECE_INSTANCE], text, sizeof(text))) {
		size_t n = strlen(text);
		size_t most = sizeof(inv->sandbox) - 1;

		(void)text_copy(
		    inv->sandbox, sizeof(inv->sandbox), text + (n > most ? n - most : 0));
	}
	take_trace(inv, &pieces[PIECE_TRACE]);
}

int cloud_run_read(const char *text, size_t n, struct invocation *inv,
    struct function *function, const char **why)
{
	struct json_piece pieces[PIECES];
	char word[WORD_BYTES];
	bool is_whole = json_pick(text, n, paths, PIECES, pieces);

	if (pieces[PIECE_REQUEST].n == 0 && pieces[PIECE_LATENCY].n == 0)
		return 0;
	if (!json_piece_text(&pieces[PIECE_RESOURCE], word, sizeof(word)) ||
	    (strcmp(word, "cloud_run_revision") != 0 &&
		strcmp(word, "cloud_function") != 0))
		return 0;
	*why = "a request of Cloud Run that is malformed";
	if (!is_whole)
		return -EBADMSG;
	*inv = (struct invocation){.function = function, .kind = KIND_HTTP};
	*why = "a request of Cloud Run without a latency";
	if (!read_latency(&pieces[PIECE_LATENCY], &inv->duration_ns))
		return -EBADMSG;
	inv->has = HAS_DURATION;
	inv->quality = QUALITY_DURATION_ESTIMATE;
	*why = "a request of Cloud Run without a timestamp";
	if (!json_piece_text(&pieces[PIECE_TIME], word, sizeof(word)) ||
	    clock_parse_rfc3339(word, &inv->start_ns) < 0)
		return -EBADMSG;
	take_function(function, pieces);
	*why = "a request of Cloud Run without a service_name";
	if (!function->name[0])
		return -EBADMSG;
	if (json_piece_number(&pieces[PIECE_REQUEST_SIZE], 1, &inv->request_bytes) &&
	    json_piece_number(&pieces[PIECE_RESPONSE_SIZE], 1, &inv->response_bytes))
		inv->has |= HAS_BYTES;
	take_status(inv, pieces);
	take_ids(inv, pieces);
	return 1;
}
