#include "tui/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define FOUND_ROW 256 /* beyond every letter */

static int complain(const char *program, const char *what, const char *value)
{
	char text[160];

	(void)text_copy(text, sizeof(text), value);
	text_make_printable(text);
	(void)fprintf(
	    stderr, "%s: %s %s (see %s --help)\n", program, what, text, program);
	return -EINVAL;
}

static int keep_count(const char *text, unsigned int *out)
{
	char *end = NULL;
	unsigned long value = 0;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < 1 ||
	    value > 1000000)
		return -EINVAL;
	*out = (unsigned int)value;
	return 0;
}

static int keep(const struct option_row *row, const char *value, void *out)
{
	char *at = (char *)out + row->offset;
	struct option_list *list = (struct option_list *)(void *)at;

	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)at = true;
		return 0;
	case OPTION_TEXT:
		memcpy(at, &value, sizeof(value));
		return 0;
	case OPTION_COUNT:
		return keep_count(value, (unsigned int *)(void *)at);
	case OPTION_SPAN:
		return clock_parse_span(value, (int64_t *)(void *)at);
	case OPTION_LIST:
		if (list->items_n == OPTIONS_LIST_MAX)
			return -EINVAL;
		list->items[list->items_n++] = value;
		return 0;
	}
	return -EINVAL;
}

static const char *type_wants(enum option_type type)
{
	switch (type) {
	case OPTION_COUNT:
		return "wants a number from 1 to 1000000, not";
	case OPTION_SPAN:
		return "wants a span such as 90s, 15m or 1h, not";
	case OPTION_LIST:
		return "was given too often, at";
	case OPTION_FLAG:
	case OPTION_TEXT:
		break;
	}
	return "cannot take";
}

/* What getopt_long() found wrong with the word at argv[optind - 1]. */
static int wrong_word(const char *program, int found, char **argv)
{
	char letter[3] = {'-', (char)optopt, '\0'};

	if (found == ':')
		return complain(program, "a value is missing after", argv[optind - 1]);
	if (optopt && optopt < 128)
		return complain(program, "unknown option", letter);
	return complain(program, "unknown option", argv[optind - 1]);
}

static void make_long_rows(const struct option_set *set, struct option *out)
{
	for (size_t i = 0; i < set->rows_n; i++)
		out[i] = (struct option){set->rows[i].name,
		    set->rows[i].type == OPTION_FLAG ? no_argument : required_argument,
		    NULL, FOUND_ROW};
	out[set->rows_n] = (struct option){"help", no_argument, NULL, 'h'};
}

static int take(
    const char *program, const struct option_row *row, const char *value, void *out)
{
	char what[96];

	if (keep(row, value, out) == 0)
		return 0;
	(void)snprintf(what, sizeof(what), "--%s %s", row->name, type_wants(row->type));
	return complain(program, what, value ? value : "");
}

int options_parse(const struct option_set *set, int argc, char **argv, void *out)
{
	const char *letters = set->stop ? "+:h" : ":h";
	struct option long_rows[OPTIONS_TABLE_MAX + 2] = {{0}};
	int found;
	int at = 0;

	assert(set->rows_n <= OPTIONS_TABLE_MAX);
	make_long_rows(set, long_rows);
	optind = 0;
	opterr = 0;
	while ((found = getopt_long(argc, argv, letters, long_rows, &at)) != -1) {
		if (found == 'h')
			return -ECANCELED;
		if (found != FOUND_ROW)
			return wrong_word(set->program, found, argv);
		if (take(set->program, &set->rows[at], optarg, out) < 0)
			return -EINVAL;
	}
	memmove(argv + 1, argv + optind, sizeof(*argv) * (size_t)(argc - optind));
	return argc - optind;
}

void options_print(const struct option_row *rows, size_t rows_n, FILE *out)
{
	char left[64];

	(void)fputs("\nOptions:\n", out);
	for (size_t i = 0; i < rows_n; i++) {
		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		    rows[i].argument ? " " : "",
		    rows[i].argument ? rows[i].argument : "");
		(void)fprintf(out, "  %-22s %s\n", left, rows[i].what);
	}
	(void)fprintf(out, "  %-22s %s\n", "--help", "this text");
}
