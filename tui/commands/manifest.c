/* coldmeter manifest: what is configured, beside what was measured. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "tui/commands/command.h"
#include "tui/manifest/files.h"
#include "tui/manifest/view.h"
#include "tui/snapshot.h"

struct manifest_options {
	const char *since;
	bool offline, json;
};

#define AT(member) offsetof(struct manifest_options, member)
static const struct option_row rows[] = {
    {"since", "T", "on what was measured from then on (7d)", OPTION_TEXT, AT(since)},
    {"offline", NULL, "ask no collector", OPTION_FLAG, AT(offline)},
    {"json", NULL, "everything as JSON, with the line of each setting", OPTION_FLAG,
	AT(json)},
};
#undef AT

/* Without a collector the manifests alone are shown, and that is said. Any other failure
 * is one. */
static int ask(struct call *call, struct snapshot *snapshot, bool *is_there)
{
	const struct manifest_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int err;

	*is_there = false;
	if (options->offline)
		return COMMAND_DONE;
	path_start(&path, "/v1/functions");
	path_query(&path, "since", options->since ? options->since : "7d");
	err = client_call(call->client, "GET", path.text, NULL, &reply);
	if (err == -ECONNREFUSED) {
		(void)fprintf(stderr,
		    "%s: no collector answers at %s: what was measured is left out\n",
		    call->program, call->endpoint->url);
		return COMMAND_DONE;
	}
	if (err) {
		(void)command_failed(call, "%s", reply.why);
		return reply.status == 400 ? COMMAND_WRONG_USAGE : COMMAND_FAILED;
	}
	if (snapshot_parse(reply.body, reply.body_bytes, snapshot) < 0)
		return command_strange(call, &path);
	*is_there = true;
	return COMMAND_DONE;
}

static int read_all(struct call *call, struct manifest_files *files)
{
	int status = COMMAND_DONE;

	for (int i = 0; i < call->operands_n && status == COMMAND_DONE; i++)
		status = manifest_files_add(call, files, call->operands[i]);
	if (status == COMMAND_DONE && files->unread)
		(void)command_failed(call,
		    "%zu files that are no manifests, or broken ones, were passed over; "
		    "the first: %s",
		    files->unread, files->first_unread);
	if (status == COMMAND_DONE && !files->n)
		status = command_failed(call, "no manifest is there");
	return status;
}

static int run(struct call *call)
{
	const struct manifest_options *options = call->options;
	AUTO(manifest_files) struct manifest_files files = {0};
	struct snapshot snapshot = {0};
	bool is_there;
	int status;

	if (!call->operands_n)
		return command_misused(call, "needs a FILE or DIR");
	status = read_all(call, &files);
	if (status == COMMAND_DONE)
		status = ask(call, &snapshot, &is_there);
	if (status == COMMAND_DONE &&
	    (options->json
		    ? manifest_view_json(&files, is_there ? &snapshot : NULL, stdout)
		    : manifest_view_table(
			  &files, is_there ? &snapshot : NULL, call->colour, stdout)) < 0)
		status = command_failed(call, "out of memory");
	snapshot_done(&snapshot);
	return status;
}

const struct command command_manifest = {
    .name = "manifest",
    .group = "Look",
    .summary = "deployment manifests: what is set, beside what was measured",
    .usage = "FILE|DIR... [options]",
    .help =
	"Reads serverless.yml, AWS SAM and CloudFormation templates, the state of SST\n"
	"(sst state export), plans of Terraform (terraform show -json), Knative "
	"Services\n"
	"and stacks of OpenFaaS. A * in a name stands for what the deployment fills in.\n"
	"\n"
	"  coldmeter manifest serverless.yml\n"
	"  coldmeter manifest . --offline --json\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct manifest_options),
    .run = run,
};
