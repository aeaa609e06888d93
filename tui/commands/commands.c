#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tui/commands/command.h"
#include "tui/commands/price.h"

const struct command command_price_row = {
    .name = "price",
    .group = "Money",
    .summary = "what a usage would cost: a calculator, no collector needed",
    .plain = true,
    .run_plain = command_price,
};

const struct command command_prices_row = {
    .name = "prices",
    .group = "Money",
    .summary = "the price book: show, check",
    .plain = true,
    .run_plain = command_prices,
};

const struct command *const commands[] = {
    &command_run,
    &command_doctor,
    &command_verify,
    &command_token,
    &command_store,
    &command_functions,
    &command_invocations,
    &command_coldstart,
    &command_trace,
    &command_diff,
    &command_import,
    &command_manifest,
    &command_invoice,
    &command_price_row,
    &command_prices_row,
    &command_budget,
    &command_anomalies,
    &command_alerts,
    &command_keepwarm,
    &command_advise,
    &command_backtest,
    NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static void print_help(const struct command *command)
{
	printf("usage: coldmeter [--url URL] %s %s\n\n%s.\n", command->name,
	    command->usage ? command->usage : "", command->summary);
	if (command->help)
		printf("\n%s", command->help);
	options_print(command->options, command->options_n, stdout);
}

int command_run_one(
    const struct command *command, const struct endpoint *endpoint, int argc, char **argv)
{
	struct call call = {.endpoint = endpoint};
	AUTO(free) void *options = NULL;
	char program[64];
	const struct option_set set = {
	    program, command->options, command->options_n, false};
	int status;
	int n;

	if (command->plain)
		return command->run_plain(argc, argv);
	(void)snprintf(program, sizeof(program), "coldmeter %s", command->name);
	options = calloc(1, command->options_bytes ? command->options_bytes : 1);
	if (!options)
		return COMMAND_FAILED;
	call.program = program;
	n = options_parse(&set, argc, argv, options);
	if (n == -ECANCELED) {
		print_help(command);
		return COMMAND_DONE;
	}
	if (n < 0)
		return COMMAND_WRONG_USAGE;
	call.options = options;
	call.operands = argv + 1;
	call.operands_n = n;
	call.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	call.client = client_open(endpoint);
	if (!call.client)
		return command_failed(&call, "out of memory");
	status = command->run(&call);
	client_close(call.client);
	if ((fflush(stdout) || ferror(stdout)) && status == COMMAND_DONE)
		return command_failed(&call, "cannot write the answer");
	return status;
}

void command_print_all(FILE *out)
{
	const char *group = "";

	for (const struct command *const *c = commands; *c; c++) {
		if (strcmp(group, (*c)->group) != 0)
			(void)fprintf(out, "\n%s:\n", (*c)->group);
		group = (*c)->group;
		(void)fprintf(out, "  %-14s %s\n", (*c)->name, (*c)->summary);
	}
}

__attribute__((format(printf, 3, 0))) static void say(
    const struct call *call, const char *hint, const char *format, va_list args)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, args);
	text_make_printable(text);
	(void)fprintf(stderr, "%s: %s%s%s%s\n", call->program, text, hint ? " (see " : "",
	    hint ? call->program : "", hint ? hint : "");
}

int command_misused(const struct call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(call, " --help)", format, args);
	va_end(args);
	return COMMAND_WRONG_USAGE;
}

int command_failed(const struct call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(call, NULL, format, args);
	va_end(args);
	return COMMAND_FAILED;
}

int command_ask(struct call *call, const char *method, const struct path *path,
    const char *body, struct reply *reply)
{
	int err;

	memset(reply, 0, sizeof(*reply));
	if (path->overflow)
		return command_failed(call, "a name or filter is too long");
	err = client_call(call->client, method, path->text, body, reply);
	if (err == -ECONNREFUSED)
		return command_failed(call,
		    "no collector answers at %s (%s): start one with `sudo coldmeter "
		    "run` "
		    "or `coldmeter-collector`, or name another with --url",
		    call->endpoint->url, reply->why);
	if (err)
		(void)command_failed(call, "%s", reply->why);
	/* what it found wrong with the request, the options have asked for */
	return !err                   ? COMMAND_DONE
	       : reply->status == 400 ? COMMAND_WRONG_USAGE
				      : COMMAND_FAILED;
}

int command_print_json(const struct reply *reply)
{
	if (!reply->body || !reply->body_bytes)
		return COMMAND_DONE;
	(void)fwrite(reply->body, 1, reply->body_bytes, stdout);
	if (reply->body[reply->body_bytes - 1] != '\n')
		(void)putchar('\n');
	return COMMAND_DONE;
}

int command_print_done(
    const char *kind, const char *name, const char *state, const struct reply *reply)
{
	json_t *done;

	if (reply->body_bytes)
		return command_print_json(reply);
	done = json_pack("{s:s, s:s}", kind, name, "state", state);
	if (!done || json_dumpf(done, stdout, JSON_COMPACT)) {
		json_decref(done);
		return COMMAND_FAILED;
	}
	json_decref(done);
	(void)putchar('\n');
	return COMMAND_DONE;
}

int command_verb(struct call *call, const struct verb *verbs)
{
	const char *name = call->operands_n ? call->operands[0] : verbs[0].name;
	int wanted;

	while (verbs->name && strcmp(verbs->name, name) != 0)
		verbs++;
	if (!verbs->name)
		return command_misused(call, "cannot %s", name);
	wanted = verbs->operand ? 2 : 1;
	if (call->operands_n < wanted && verbs->operand)
		return command_misused(call, "%s needs a%s %s", name,
		    strchr("AEIO", verbs->operand[0]) ? "n" : "", verbs->operand);
	if (call->operands_n > wanted)
		return command_misused(
		    call, "%s takes no %s", name, call->operands[wanted]);
	return verbs->run(call);
}

int command_strange(const struct call *call, const struct path *path)
{
	return command_failed(call,
	    "the answer of %s%s is not what a coldmeter collector says: is another "
	    "service on that port?",
	    call->endpoint->url, path->text);
}
