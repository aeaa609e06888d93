/* What is read is written to what is read as the same; and of several lines each is read
 * as if it were alone. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample.h"
#include "wire/json.h"
#include "wire/json/coldstart.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_line(struct json_reader *reader, const char *line, size_t n)
{
	struct invocation inv;
	struct function function;
	char host[JSON_HOST_BYTES];
	const char *why = NULL;
	const char *reader_why = NULL;
	int err = json_parse_invocation(line, n, &inv, &function, host, &why);

	if (json_reader_parse(reader, line, n, &reader_why) != err || why != reader_why)
		abort();
	if (!err && (!sample_same_invocation(&inv, &reader->inv) ||
			!sample_same_function(&function, &reader->function) ||
			strcmp(host, reader->host) != 0))
		abort();
}

static void check_lines(const char *at, size_t size)
{
	const char *end = at + size;
	struct json_reader reader;

	json_reader_init(&reader);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		check_line(&reader, at, n);
		at += n + (newline ? 1 : 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct invocation first;
	struct invocation second;
	struct function first_function;
	struct function second_function;
	char first_host[JSON_HOST_BYTES];
	char second_host[JSON_HOST_BYTES];
	char line[JSON_LINE_MAX_BYTES];
	struct coldstart first_start;
	struct coldstart second_start;
	const char *why = NULL;
	size_t n;

	check_lines((const char *)in, size);
	if (json_parse_invocation(
		(const char *)in, size, &first, &first_function, first_host, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	if (json_parse_coldstart((const char *)in, size, &first, &first_start, &why) < 0)
		return 0;
	n = json_format_invocation(&first, first_host, line);
	if (n > sizeof(line) ||
	    json_parse_invocation(line, n, &second, &second_function, second_host, &why) <
		0 ||
	    json_parse_coldstart(line, n, &second, &second_start, &why) < 0)
		abort();
	if (first.kind == KIND_PROCESS) /* is neither cold nor warm when written */
		first.start_type = START_UNKNOWN;
	if (!sample_same_invocation(&first, &second) ||
	    !sample_same_function(&first_function, &second_function) ||
	    strcmp(first_host, second_host) != 0)
		abort();
	return 0;
}
