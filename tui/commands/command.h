/* One command of the program: its help, its options, what it does. */
#ifndef COLDMETER_TUI_COMMANDS_COMMAND_H
#define COLDMETER_TUI_COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/client.h"
#include "tui/options.h"

#define COMMAND_DONE 0
#define COMMAND_FAILED 1
#define COMMAND_WRONG_USAGE 2

/* What a command is given to work with. */
struct call {
	const char *program; /* "coldmeter budget", for messages */
	const struct endpoint *endpoint;
	struct client *client;
	const void *options; /* the command's own struct */
	char **operands;
	int operands_n;
	bool colour; /* standard output is a terminal that may be coloured */
};

struct command {
	const char *name;
	const char *group;   /* of the help */
	const char *summary; /* one line */
	const char *usage;   /* what follows the name: "set NAME [options]" */
	const char *help;    /* more, with examples; may be NULL */
	const struct option_row *options;
	size_t options_n;
	size_t options_bytes;          /* of the struct they are read into */
	bool plain;                    /* parses its own arguments: run_plain() */
	int (*run)(struct call *call); /* an exit status */
	int (*run_plain)(int argc, char **argv);
};

/* The commands, a NULL-terminated table: dispatch and help come from it. */
extern const struct command *const commands[];

extern const struct command command_functions, command_invocations, command_coldstart,
    command_trace, command_diff, command_manifest, command_invoice, command_run,
    command_doctor, command_advise, command_budget, command_anomalies, command_alerts,
    command_keepwarm, command_price_row, command_prices_row, command_verify,
    command_token, command_store, command_import, command_backtest;

const struct command *command_find(const char *name);

/* Runs it: reads its options, opens a client. Returns an exit status. argv[0] is its
 * name. */
int command_run_one(const struct command *command, const struct endpoint *endpoint,
    int argc, char **argv);

/* The help of the whole program. */
void command_print_all(FILE *out);

/* One line on standard error, "program: ..." with a hint; returns COMMAND_WRONG_USAGE. */
int command_misused(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line on standard error; returns COMMAND_FAILED. */
int command_failed(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Asks; a failure is said in one line, with how to start a collector when none answered.
 * Returns COMMAND_DONE, COMMAND_WRONG_USAGE when the collector says that the request is
 * wrong, or COMMAND_FAILED; *reply is the caller's to release in any case.
 */
int command_ask(struct call *call, const char *method, const struct path *path,
    const char *body, struct reply *reply);

/* The answer as it came, ended by a newline. */
int command_print_json(const struct reply *reply);

/* The answer, or {"<kind>":"<name>","state":"<state>"} when it has no body. */
int command_print_done(
    const char *kind, const char *name, const char *state, const struct reply *reply);

/* A command of a command: "budget rm NAME". */
struct verb {
	const char *name;    /* NULL ends a table */
	const char *operand; /* what it needs, "NAME"; NULL: nothing */
	int (*run)(struct call *call);
};

/* Runs the verb of the first operand (the first of the table without one), after it has
 * checked that its own operand is there and nothing else. An exit status. */
int command_verb(struct call *call, const struct verb *verbs);

/* For an answer that is not what the contract says. */
int command_strange(const struct call *call, const struct path *path);

#endif
