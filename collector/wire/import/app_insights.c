#include "wire/import/app_insights.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/json/pick.h"
#include "wire/json/scan.h"

#define NS_PER_MS 1000000
#define NS_PER_US 1000
#define US_PER_S 1000000
#define WORD_BYTES 256
#define DAYS_MAX 3650

/* Each may have either name. */
enum piece {
	PIECE_ITEM_TYPE,
	PIECE_TIME,
	PIECE_ID,
	PIECE_NAME,
	PIECE_SUCCESS,
	PIECE_CODE,
	PIECE_DURATION,
	PIECE_OPERATION,
	PIECE_ROLE,
	PIECE_INSTANCE,
	PIECE_COUNT,
	PIECES
};

static const char *const paths[2 * PIECES] = {
    [PIECE_ITEM_TYPE] = "itemType",
    [PIECE_TIME] = "timestamp",
    [PIECE_ID] = "id",
    [PIECE_NAME] = "name",
    [PIECE_SUCCESS] = "success",
    [PIECE_CODE] = "resultCode",
    [PIECE_DURATION] = "duration",
    [PIECE_OPERATION] = "operation_Id",
    [PIECE_ROLE] = "cloud_RoleName",
    [PIECE_INSTANCE] = "cloud_RoleInstance",
    [PIECE_COUNT] = "itemCount",
    [PIECES + PIECE_ITEM_TYPE] = "Type",
    [PIECES + PIECE_TIME] = "TimeGenerated",
    [PIECES + PIECE_ID] = "Id",
    [PIECES + PIECE_NAME] = "Name",
    [PIECES + PIECE_SUCCESS] = "Success",
    [PIECES + PIECE_CODE] = "ResultCode",
    [PIECES + PIECE_DURATION] = "DurationMs",
    [PIECES + PIECE_OPERATION] = "OperationId",
    [PIECES + PIECE_ROLE] = "AppRoleName",
    [PIECES + PIECE_INSTANCE] = "AppRoleInstance",
    [PIECES + PIECE_COUNT] = "ItemCount",
};

/* Digits up to `behind`, which is passed over. */
static bool take_part(const char **at, char behind, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *from = *at;

	for (; **at >= '0' && **at <= '9' && value <= max; (*at)++)
		value = value * 10 + (uint64_t)(**at - '0');
	if (*at == from || **at != behind || value > max)
		return false;
	(*at)++;
	*out = value;
	return true;
}

/* "[d.]hh:mm:ss[.fffffff]", as .NET writes a TimeSpan. */
static bool read_time_span(const char *text, uint64_t *ns)
{
	const char *dot = strchr(text, '.');
	const char *colon = strchr(text, ':');
	struct json_scan scan;
	struct json_number seconds;
	uint64_t days = 0;
	uint64_t hours;
	uint64_t minutes;
	uint64_t us;
	bool exact;

	if (dot && colon && dot < colon && !take_part(&text, '.', DAYS_MAX, &days))
		return false;
	if (!take_part(&text, ':', 23, &hours) || !take_part(&text, ':', 59, &minutes))
		return false;
	if (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++; /* no JSON number starts like that */
	scan = (struct json_scan){text, text + strlen(text)};
	if (!json_scan_number(&scan, &seconds) || scan.at != scan.end ||
	    !json_number_scale(&seconds, US_PER_S, &us, &exact) || us > 60ULL * US_PER_S)
		return false;
	*ns = (((days * 24 + hours) * 60 + minutes) * 60 * US_PER_S + us) * NS_PER_US;
	return true;
}

/* A number of milliseconds, or a TimeSpan. */
static bool read_duration(const struct json_piece *piece, uint64_t *ns)
{
	char text[WORD_BYTES];

	if (json_piece_number(piece, NS_PER_MS, ns))
		return *ns <= INT64_MAX;
	return json_piece_text(piece, text, sizeof(text)) && read_time_span(text, ns);
}

static bool is_request(const struct json_piece *pieces)
{
	char type[WORD_BYTES];

	if (!json_piece_text(&pieces[PIECE_ITEM_TYPE], type, sizeof(type)))
		return pieces[PIECE_DURATION].n > 0 && pieces[PIECE_SUCCESS].n > 0;
	return strcmp(type, "request") == 0 || strcmp(type, "AppRequests") == 0;
}

/* A function app has many functions, whose requests have their names; a request by its
 * method and path is the app's. */
static void take_function(struct function *function, const struct json_piece *pieces)
{
	char role[FUNCTION_NAME_BYTES];
	char name[FUNCTION_NAME_BYTES];
	char both[2 * FUNCTION_NAME_BYTES];
	bool has_role = json_piece_text(&pieces[PIECE_ROLE], role, sizeof(role));
	bool has_name = json_piece_text(&pieces[PIECE_NAME], name, sizeof(name)) &&
			!strpbrk(name, " /");

	function->platform = PLATFORM_AZURE_FUNCTIONS;
	if (function->name[0])
		return;
	(void)snprintf(both, sizeof(both), "%s%s%s", has_role ? role : "",
	    has_role && has_name ? ":" : "", has_name ? name : "");
	(void)text_copy(function->name, sizeof(function->name), both);
}

static void take_outcome(struct invocation *inv, const struct json_piece *pieces)
{
	uint64_t code;
	bool success;

	inv->status = STATUS_OK;
	if (json_piece_number(&pieces[PIECE_CODE], 1, &code) && code >= 100 &&
	    code <= 999) {
		inv->has |= HAS_HTTP_STATUS;
		inv->http_status = (uint16_t)code;
	}
	if (!json_piece_bool(&pieces[PIECE_SUCCESS], &success))
		inv->quality |= QUALITY_STATUS_ESTIMATE;
	else if (!success)
		inv->status = STATUS_ERROR;
}

static void choose_names(struct json_piece *pieces)
{
	for (size_t i = 0; i < PIECES; i++) {
		if (pieces[i].n == 0)
			pieces[i] = pieces[PIECES + i];
	}
}

int app_insights_read(const char *text, size_t n, struct invocation *inv,
    struct function *function, uint64_t *stands_for, const char **why)
{
	struct json_piece pieces[2 * PIECES];
	char word[WORD_BYTES];
	bool is_whole = json_pick(text, n, paths, (size_t)2 * PIECES, pieces);

	choose_names(pieces);
	if (!is_request(pieces))
		return 0;
	*why = "a request that is malformed";
	if (!is_whole)
		return -EBADMSG;
	*inv = (struct invocation){.function = function, .kind = KIND_HTTP};
	*why = "a request without a duration";
	if (!read_duration(&pieces[PIECE_DURATION], &inv->duration_ns))
		return -EBADMSG;
	inv->has = HAS_DURATION;
	*why = "a request without a timestamp";
	if (!json_piece_text(&pieces[PIECE_TIME], word, sizeof(word)) ||
	    clock_parse_rfc3339(word, &inv->start_ns) < 0)
		return -EBADMSG;
	take_function(function, pieces);
	*why = "a request without a cloud_RoleName or the name of a function";
	if (!function->name[0])
		return -EBADMSG;
	take_outcome(inv, pieces);
	if (!json_piece_text(&pieces[PIECE_ID], inv->request_id, sizeof(inv->request_id)))
		inv->quality |= QUALITY_REQUEST_ID_UNKNOWN;
	(void)json_piece_text(
	    &pieces[PIECE_OPERATION], inv->trace_id, sizeof(inv->trace_id));
	(void)json_piece_text(
	    &pieces[PIECE_INSTANCE], inv->sandbox, sizeof(inv->sandbox));
	if (!json_piece_number(&pieces[PIECE_COUNT], 1, stands_for) || *stands_for == 0)
		*stands_for = 1;
	return 1;
}
