/* coldmeter import */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/commands/command.h"
#include "tui/format.h"
#include "tui/import/tally.h"
#include "tui/rows.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define PROGRESS_NS (CLOCK_NS_PER_S / 2)

struct import_options {
	const char *function, *version, *region, *arch, *at;
	bool trial, json;
};

#define AT(member) offsetof(struct import_options, member)
static const struct option_row rows[] = {
    {"function", "NAME", "of this function, whatever the input says", OPTION_TEXT,
	AT(function)},
    {"function-version", "V", "its version, where the input has none", OPTION_TEXT,
	AT(version)},
    {"region", "R", "where it runs, where the input does not say", OPTION_TEXT,
	AT(region)},
    {"arch", "A", "x86_64 or arm64, which the input never says", OPTION_TEXT, AT(arch)},
    {"at", "TIME", "when it was, for lines without a time: RFC 3339, or 2h ago as 2h",
	OPTION_TEXT, AT(at)},
    {"dry-run", NULL, "read and count, send nothing; needs no collector", OPTION_FLAG,
	AT(trial)},
    {"json", NULL, "the counts as JSON", OPTION_FLAG, AT(json)},
};
#undef AT

struct importing {
	struct call *call;
	struct import_settings settings;
	struct import_sender *sender;
	struct import_tally tally;
	const char *file; /* as shown */
	int send_err;     /* why sending failed */
	bool has_terminal;
	int64_t shown_ns; /* when progress was shown last */
	uint64_t bytes;   /* read of the file */
	uint64_t of;      /* its size; 0: not known */
	uint8_t piece[PIECE_BYTES];
};

/* --- what is found
 * ----------------------------------------------------------------------
 */

static int take(void *context, const struct import_found *found)
{
	struct importing *im = context;

	import_tally_take(&im->tally, found);
	im->send_err = import_sender_add(im->sender, found->invocation);
	return im->send_err;
}

static void complain(void *context, uint64_t line, const char *why)
{
	struct importing *im = context;

	import_tally_complain(&im->tally, im->file, line, why);
}

static void clear_progress(struct importing *im)
{
	if (im->shown_ns)
		(void)fprintf(stderr, "\r\033[K");
	im->shown_ns = 0;
}

static void show_progress(struct importing *im)
{
	int64_t now_ns = (int64_t)clock_boot_ns();
	char size[FORMAT_BYTES];
	char of[FORMAT_BYTES];

	if (!im->has_terminal || now_ns - im->shown_ns < PROGRESS_NS)
		return;
	im->shown_ns = now_ns;
	(void)fprintf(stderr, "\r\033[K%s%s%s, %" PRIu64 " invocations, %" PRIu64 " bad",
	    format_memory((double)im->bytes / (1 << 20), size), im->of ? " of " : "",
	    im->of ? format_memory((double)im->of / (1 << 20), of) : "", im->tally.read,
	    im->tally.bad);
}

/* --- files
 * ------------------------------------------------------------------------------
 */

static int fail_sending(struct importing *im)
{
	struct import_sent sent;

	clear_progress(im);
	import_sender_sent(im->sender, &sent);
	if (im->send_err == -ECONNREFUSED && sent.imported + sent.already == 0)
		return command_failed(im->call,
		    "no collector answers at %s (%s): start one with `sudo coldmeter "
		    "run` or `coldmeter-collector`, or name another with --url",
		    im->call->endpoint->url, sent.why);
	return command_failed(im->call,
	    "%s: stopped, with %" PRIu64 " sent (%s): run it again, nothing counts twice",
	    im->file, sent.imported + sent.already,
	    sent.why[0] ? sent.why : strerror(-im->send_err));
}

/* Says why the reading ended. */
static int fail(struct importing *im, const struct import *import, int err)
{
	if (im->send_err)
		return fail_sending(im);
	clear_progress(im);
	if (err == -ENODATA)
		return command_failed(im->call, "%s:%" PRIu64 ": %s", im->file,
		    import_line(import), import_why(import));
	return command_failed(im->call, "%s: %s", im->file,
	    err == -EBADMSG ? import_why(import) : strerror(-err));
}

static int read_all(struct importing *im, int fd)
{
	const struct import_sink sink = {take, complain, im};
	AUTO(import) struct import *import = NULL;
	int err = import_new(&im->settings, &sink, &import);

	while (!err) {
		ssize_t n = read(fd, im->piece, sizeof(im->piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return command_failed(
			    im->call, "cannot read %s: %s", im->file, strerror(errno));
		if (n == 0)
			break;
		im->bytes += (uint64_t)n;
		err = import_push(import, im->piece, (size_t)n);
		show_progress(im);
	}
	if (!err)
		err = import_end(import);
	if (err)
		return fail(im, import, err);
	im->tally.failed_inits += import_failed_inits(import);
	im->tally.sampled += import_sampled(import);
	return COMMAND_DONE;
}

static int read_file(struct importing *im, const char *name)
{
	AUTO(fd) int fd = -EBADF;
	struct stat st;

	im->bytes = im->of = 0;
	im->file = name;
	if (strcmp(name, "-") == 0) {
		im->file = "standard input";
		return read_all(im, STDIN_FILENO);
	}
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return command_failed(
		    im->call, "cannot open %s: %s", name, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		im->of = (uint64_t)st.st_size;
	return read_all(im, fd);
}

/* --- the command
 * ------------------------------------------------------------------------
 */

static int too_long(const struct call *call, const char *option)
{
	return command_misused(call, "%s is too long", option);
}

static int take_options(
    struct call *call, const struct import_options *o, struct import_settings *settings)
{
	struct function *f = &settings->function;

	if (o->function && !text_copy(f->name, sizeof(f->name), o->function))
		return too_long(call, "--function");
	if (o->version && !text_copy(f->version, sizeof(f->version), o->version))
		return too_long(call, "--function-version");
	if (o->region && !text_copy(f->region, sizeof(f->region), o->region))
		return too_long(call, "--region");
	if (o->arch && (f->arch = arch_find(o->arch)) == ARCH_UNKNOWN)
		return command_misused(
		    call, "unknown arch \"%s\": x86_64 or arm64", o->arch);
	if (o->at && clock_parse_moment(o->at, clock_wall_ns(), &settings->at_ns) < 0)
		return command_misused(call,
		    "\"%s\" is no time: say 2026-11-22T08:00:00Z, 2026-11-22, or 2h for "
		    "two hours ago",
		    o->at);
	text_make_printable(f->name);
	return COMMAND_DONE;
}

static int finish(struct importing *im, const struct import_options *options)
{
	struct import_sent sent;

	clear_progress(im);
	import_sender_sent(im->sender, &sent);
	if (options->json) {
		AUTO(json)
		json_t *root = import_tally_json(
		    &im->tally, &sent, im->settings.source, options->trial);

		if (!root || json_dumpf(root, stdout, JSON_COMPACT))
			return command_failed(im->call, "out of memory");
		putchar('\n');
	} else {
		import_tally_print(&im->tally, &sent, options->trial);
	}
	if (im->tally.read == 0)
		return command_failed(im->call,
		    "no invocation was found: is it %s, and are the lines of the "
		    "platform in it?",
		    import_source_name(im->settings.source));
	return COMMAND_DONE;
}

static int run_import(struct call *call, struct importing *im)
{
	const struct import_options *options = call->options;
	int status = COMMAND_DONE;

	im->call = call;
	im->has_terminal = isatty(STDERR_FILENO);
	if (import_sender_new(options->trial ? NULL : call->client, im->settings.source,
		&im->sender) < 0)
		return command_failed(call, "out of memory");
	for (int i = 1; i < call->operands_n && status == COMMAND_DONE; i++)
		status = read_file(im, call->operands[i]);
	if (status == COMMAND_DONE && (im->send_err = import_sender_flush(im->sender)))
		status = fail_sending(im);
	if (status == COMMAND_DONE)
		status = finish(im, options);
	import_sender_free(im->sender);
	return status;
}

static int run(struct call *call)
{
	AUTO(free) struct importing *im = calloc(1, sizeof(*im));
	int status;

	if (!im)
		return command_failed(call, "out of memory");
	if (call->operands_n == 0)
		return command_misused(call, "what to import? lambda-report, telemetry, "
					     "otlp, gcp-run or azure-insights");
	im->settings.source = import_source_find(call->operands[0]);
	if (im->settings.source == IMPORT_SOURCES)
		return command_misused(call,
		    "cannot import \"%s\": say lambda-report, telemetry, otlp, gcp-run "
		    "or azure-insights",
		    call->operands[0]);
	if (call->operands_n == 1)
		return command_misused(call, "from which file? - reads standard input");
	status = take_options(call, call->options, &im->settings);
	return status == COMMAND_DONE ? run_import(call, im) : status;
}

const struct command command_import = {
    .name = "import",
    .group = "Look",
    .summary = "functions that run elsewhere, from the logs of their cloud",
    .usage = "SOURCE FILE|-... [options]",
    .help =
	"What is imported joins what is measured: functions, invocations and invoice "
	"show\n"
	"it, with host import:SOURCE. Importing it again, or files that overlap, counts\n"
	"nothing twice. Files may be gzip and of any size; what is no line of the "
	"platform\n"
	"is passed over, bad lines are counted and shown. What is older than the "
	"collector\n"
	"keeps, 400 days in sums unless told otherwise, it soon forgets.\n\n"
	"  lambda-report    CloudWatch Logs of Lambda: REPORT lines and their JSON form\n"
	"      aws logs tail /aws/lambda/hello --since 7d | \\\n"
	"          coldmeter import lambda-report - --function hello --region us-east-1\n"
	"      aws logs filter-log-events ... | \\\n"
	"          coldmeter import lambda-report - --function hello\n"
	"      aws logs get-query-results ... | coldmeter import lambda-report -\n"
	"      coldmeter import lambda-report export/*.gz --function hello    from S3\n"
	"      subscription filters, Firehose and Lambda's awslogs.data name the "
	"function\n"
	"  telemetry        events of the Lambda Telemetry API, as an extension gets "
	"them\n"
	"  otlp             traces with faas.* attributes: JSON or protobuf, as the "
	"file\n"
	"                   exporter of the OpenTelemetry Collector writes them\n"
	"  gcp-run          request logs of Cloud Run and its functions, in JSON\n"
	"      gcloud logging read 'httpRequest.latency:*' ... | \\\n"
	"          coldmeter import gcp-run -\n"
	"  azure-insights   requests of Application Insights in JSON: objects, or as\n"
	"                   `az monitor app-insights query` prints them\n\n"
	"A REPORT line has no time of its own: it is taken from the log event, from the\n"
	"start of the line, or from START and END before it; else say --at.\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct import_options),
    .run = run,
};
