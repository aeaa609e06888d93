/* Rows of a CloudWatch Logs Insights query's answer: arrays of {"field","value"}.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html
 * The fields that Insights finds in Lambda's logs are listed at
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
 */
#ifndef COLDMETER_WIRE_IMPORT_LAMBDA_RESULT_H
#define COLDMETER_WIRE_IMPORT_LAMBDA_RESULT_H

#include <stdbool.h>

#include "wire/import/lambda_note.h"
#include "wire/json/pick.h"

enum lambda_result_field {
	RESULT_TIMESTAMP,
	RESULT_MESSAGE,
	RESULT_LOG,
	RESULT_LOG_STREAM,
	RESULT_TYPE,
	RESULT_REQUEST,
	RESULT_DURATION,
	RESULT_BILLED,
	RESULT_INIT,
	RESULT_MEMORY_SIZE,
	RESULT_MEMORY_USED,
	RESULT_TRACE,
	RESULT_FIELDS
};

/* Finds the values of those fields, borrowed from the row; of one that comes twice the
 * last counts. False: it is no row of fields. */
bool lambda_result_pick(
    const char *row, size_t n, struct json_piece values[RESULT_FIELDS]);

/* When and where it was logged; what is not said is left as it is. Whether it has a
 * time. */
bool lambda_result_place(const struct json_piece values[RESULT_FIELDS],
    struct lambda_origin *origin, int64_t *time_ns);

/* Reads a row without its message. 1: *note is filled; 0: it is of no invocation;
 * -EBADMSG: it is of one and malformed, *why is a constant sentence. */
int lambda_result_read(const struct json_piece values[RESULT_FIELDS],
    struct lambda_note *note, const char **why);

#endif
