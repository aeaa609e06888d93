/* Options of a command: one table drives reading them, and the help. */
#ifndef COLDMETER_TUI_OPTIONS_H
#define COLDMETER_TUI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define OPTIONS_LIST_MAX 16
#define OPTIONS_TABLE_MAX 24

enum option_type {
	OPTION_FLAG,  /* bool */
	OPTION_TEXT,  /* const char * */
	OPTION_COUNT, /* unsigned int, 1 to 1000000 */
	OPTION_SPAN,  /* int64_t, nanoseconds: "90s", "15m" */
	OPTION_LIST   /* struct option_list: may be given again */
};

struct option_list {
	const char *items[OPTIONS_LIST_MAX]; /* of argv */
	size_t items_n;
};

struct option_row {
	const char *name;     /* without the dashes */
	const char *argument; /* as the help shows it; NULL for a flag */
	const char *what;     /* one line of help */
	enum option_type type;
	size_t offset; /* of the member in the command's struct */
};

/* The options of one program or command. */
struct option_set {
	const char *program; /* for messages: "coldmeter budget" */
	const struct option_row *rows;
	size_t rows_n; /* at most OPTIONS_TABLE_MAX */
	bool stop;     /* at the first operand, for a program that has commands */
};

/* Reads argv (argv[0] is skipped) into out, the struct that the rows speak of, and moves
 * the operands to the front of argv + 1. Returns their number; -EINVAL when something was
 * wrong, which was said on standard error in one line with a hint; -ECANCELED for --help
 * or -h. */
int options_parse(const struct option_set *set, int argc, char **argv, void *out);

/* Prints the rows, aligned, and --help. */
void options_print(const struct option_row *rows, size_t rows_n, FILE *out);

#endif
