#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tui/commands/command.h"
#include "tui/rows.h"
#include "tui/table.h"
#include "tui/token_file.h"

struct token_options {
	const char *role, *file;
	bool json;
};

#define AT(member) offsetof(struct token_options, member)
static const struct option_row rows[] = {
    {"role", "ROLE", "add: agent (sends), read (asks) or admin (all)", OPTION_TEXT,
	AT(role)},
    {"file", "FILE", "the collector's --token-file (\"tokens\" where its data lies)",
	OPTION_TEXT, AT(file)},
    {"json", NULL, "{\"tokens\":[{\"name\",\"role\"}]}, or what was done", OPTION_FLAG,
	AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"TOKEN", TABLE_LEFT}, {"ROLE", TABLE_LEFT}, {"LINE", TABLE_RIGHT}};

/* Where a collector of this user keeps its data unless told: as its --data has it. */
static int default_path(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n = -1;

	if (geteuid() == 0)
		n = snprintf(path, size, "/var/lib/coldmeter/tokens");
	else if (state && state[0] == '/')
		n = snprintf(path, size, "%s/coldmeter/tokens", state);
	else if (home && home[0])
		n = snprintf(path, size, "%s/.local/state/coldmeter/tokens", home);
	return n > 0 && (size_t)n < size ? 0 : -EINVAL;
}

/* An exit status; the file is open after COMMAND_DONE. */
static int open_file(struct call *call, struct token_file *file)
{
	const struct token_options *options = call->options;
	char why[512], path[1024];

	if (!options->file && default_path(path, sizeof(path)) < 0)
		return command_misused(call, "say which file with --file FILE");
	if (token_file_open(
		options->file ? options->file : path, file, why, sizeof(why)) < 0)
		return command_failed(call, "%s", why);
	return COMMAND_DONE;
}

static int save(struct call *call, const struct token_file *file)
{
	int err = token_file_save(file);

	return err ? command_failed(
			 call, "cannot write %s: %s", file->path, strerror(-err))
		   : COMMAND_DONE;
}

static int print_json(json_t *root)
{
	int err = root ? json_dumpf(root, stdout, JSON_COMPACT) : -1;

	json_decref(root);
	(void)putchar('\n');
	return err ? COMMAND_FAILED : COMMAND_DONE;
}

static int list_json(const struct token_file *file)
{
	json_t *all = json_array();

	for (size_t i = 0; i < file->lines_n; i++)
		if (file->lines[i].holds)
			(void)json_array_append_new(
			    all, json_pack("{s:s, s:s, s:I}", "name",
				     file->lines[i].token.name, "role",
				     token_role_name(file->lines[i].token.role), "line",
				     (json_int_t)i + 1));
	return print_json(json_pack("{s:o}", "tokens", all));
}

static int list_text(struct call *call, const struct token_file *file)
{
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char line[32];
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < file->lines_n; i++) {
		const struct token *token = &file->lines[i].token;

		if (!file->lines[i].holds)
			continue;
		(void)snprintf(line, sizeof(line), "%zu", i + 1);
		err = table_add(table, token->name[0] ? token->name : "(in the clear)");
		err |= table_add(table, token_role_name(token->role));
		err |= table_add(table, line);
	}
	if (err)
		return command_failed(call, "out of memory");
	if (table_rows(table) == 0)
		printf("no tokens in %s\n", file->path);
	else
		table_print(table, call->colour, stdout);
	return COMMAND_DONE;
}

static int do_list(struct call *call)
{
	const struct token_options *options = call->options;
	struct token_file file = {.folder = -1};
	int status = open_file(call, &file);

	if (status != COMMAND_DONE)
		return status;
	status = options->json ? list_json(&file) : list_text(call, &file);
	token_file_close(&file);
	return status;
}

/* The token itself is shown this once, and alone on standard output. */
static int show(struct call *call, const struct token *token, const char *text,
    const struct token_file *file)
{
	const struct token_options *options = call->options;

	if (options->json)
		return print_json(json_pack("{s:s, s:s, s:s}", "name", token->name,
		    "role", token_role_name(token->role), "token", text));
	printf("%s\n", text);
	(void)fprintf(stderr,
	    "%s: %s (%s) is in %s as a hash: keep the token above, nothing shows it "
	    "again\n",
	    call->program, token->name, token_role_name(token->role), file->path);
	return COMMAND_DONE;
}

static int do_add(struct call *call)
{
	const struct token_options *options = call->options;
	const char *name = call->operands[1];
	char text[TOKEN_MADE_BYTES] = "";
	struct token_file file = {.folder = -1};
	struct token token = {0};
	int status;
	int err;

	if (!token_is_name(name))
		return command_misused(
		    call, "a name is 1 to 63 letters, digits or -._, not %s", name);
	if (!options->role || token_role_parse(options->role, &token.role) < 0)
		return command_misused(call, "--role is agent, read or admin");
	(void)text_copy(token.name, sizeof(token.name), name);
	status = open_file(call, &file);
	if (status != COMMAND_DONE)
		return status;
	err = token_make(text);
	sha256(text, strlen(text), token.hash);
	if (!err)
		err = token_file_add(&file, &token);
	if (err)
		status = command_failed(call,
		    err == -EEXIST ? "there is a token %s already: revoke it first"
				   : "cannot make token %s",
		    name);
	else
		status = save(call, &file);
	if (status == COMMAND_DONE)
		status = show(call, &token, text, &file);
	explicit_bzero(text, sizeof(text));
	token_file_close(&file);
	return status;
}

static int do_revoke(struct call *call)
{
	const struct token_options *options = call->options;
	const char *name = call->operands[1];
	struct token_file file = {.folder = -1};
	int status = open_file(call, &file);

	if (status != COMMAND_DONE)
		return status;
	if (token_file_revoke(&file, name) < 0)
		status =
		    command_failed(call, "there is no token %s in %s", name, file.path);
	else
		status = save(call, &file);
	token_file_close(&file);
	if (status != COMMAND_DONE)
		return status;
	if (options->json)
		return print_json(
		    json_pack("{s:s, s:s}", "token", name, "state", "revoked"));
	printf(
	    "token %s is revoked: a collector that runs knows within a second\n", name);
	return COMMAND_DONE;
}

static const struct verb verbs[] = {
    {"list", NULL, do_list}, {"add", "NAME", do_add}, {"revoke", "NAME", do_revoke}, {0}};

static int run(struct call *call)
{
	return command_verb(call, verbs);
}

const struct command command_token = {
    .name = "token",
    .group = "Start",
    .summary = "who may talk to a collector: list, add, revoke",
    .usage = "[list | add NAME --role ROLE | revoke NAME] [--file FILE]",
    .help =
	"Edits the file that coldmeter-collector was given with --token-file, on its\n"
	"host. One token for each agent and user; the file holds hashes alone.\n\n"
	"  coldmeter token add web-1 --role agent >web-1.token\n"
	"  coldmeter token revoke web-1\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct token_options),
    .run = run,
};
