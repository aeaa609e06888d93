/* coldmeter backtest: policies, replayed on what was recorded. No collector needed. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/backtest/input.h"
#include "tui/backtest/view.h"
#include "tui/commands/command.h"
#include "tui/price/book.h"

#define COLD_MINUTES_MIN 1e-6
#define COLD_MINUTES_MAX 1e6
#define QUIET_NS CLOCK_NS_PER_S /* shorter work says nothing */

struct backtest_options {
	const char *counts, *weights, *cold_minutes, *containers, *region, *arch, *prices;
	unsigned int memory_mb;
	bool json;
};

#define AT(member) offsetof(struct backtest_options, member)
static const struct option_row rows[] = {
    {"counts", "FILE", "keepwarm: func,minute,count, minutes from 1; gzip'd or not",
	OPTION_TEXT, AT(counts)},
    {"weights", "FILE", "keepwarm: columns func and weight; others are ignored",
	OPTION_TEXT, AT(weights)},
    {"cold-minutes", "A", "keepwarm: a cold start costs as much as A idle minutes",
	OPTION_TEXT, AT(cold_minutes)},
    {"containers", "FILE", "concurrency: app,minute,containers; gzip'd or not",
	OPTION_TEXT, AT(containers)},
    {"memory-mb", "M", "concurrency: of one container", OPTION_COUNT, AT(memory_mb)},
    {"region", "R", "concurrency: prices of that region (us-east-1)", OPTION_TEXT,
	AT(region)},
    {"arch", "A", "concurrency: x86_64 or arm64 (x86_64)", OPTION_TEXT, AT(arch)},
    {"prices", "FILE", "concurrency: a price file over the built-in ones", OPTION_TEXT,
	AT(prices)},
    {"json", NULL, "figures as JSON", OPTION_FLAG, AT(json)},
};
#undef AT

/* Percent on standard error, where that is a terminal and the work takes its time. */
struct meter {
	uint64_t start_ns;
	int shown; /* percent, -1: nothing */
};

static void tell(void *context, double done)
{
	struct meter *meter = context;
	int percent = (int)(done * 100);

	if (percent == meter->shown || clock_boot_ns() - meter->start_ns < QUIET_NS)
		return;
	meter->shown = percent;
	(void)fprintf(stderr, "\rreplaying: %d %%", percent);
}

static void meter_end(const struct meter *meter)
{
	if (meter->shown >= 0)
		(void)fprintf(stderr, "\r\033[K");
}

static int say_failure(struct call *call, int err)
{
	if (err == -E2BIG)
		return command_failed(call,
		    "functions times minutes are more than a back-test replays (%.0f)",
		    (double)BACKTEST_STEPS_MAX);
	return command_failed(call, "%s",
	    err == -ENODATA ? "nothing was invoked that has a weight" : "out of memory");
}

static int keepwarm(struct call *call)
{
	const struct backtest_options *options = call->options;
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct meter meter = {clock_boot_ns(), -1};
	const struct backtest_progress progress = {tell, &meter};
	struct backtest_keepwarm found;
	char why[CSV_WHY_BYTES];
	char *end = NULL;
	double cold_minutes;
	int err;

	if (options->containers || options->memory_mb || options->region ||
	    options->arch || options->prices)
		return command_misused(call, "keepwarm takes no option of concurrency");
	if (!options->counts)
		return command_misused(call, "keepwarm needs --counts FILE");
	if (options->weights && strcmp(options->counts, "-") == 0 &&
	    strcmp(options->weights, "-") == 0)
		return command_misused(
		    call, "only one of --counts and --weights can be standard input");
	if (!options->cold_minutes)
		return command_misused(call, "keepwarm needs --cold-minutes A");
	cold_minutes = strtod(options->cold_minutes, &end);
	if (end == options->cold_minutes || *end || !(cold_minutes >= COLD_MINUTES_MIN) ||
	    cold_minutes > COLD_MINUTES_MAX)
		return command_misused(call,
		    "--cold-minutes \"%s\": a number from %g to %.0f",
		    options->cold_minutes, COLD_MINUTES_MIN, COLD_MINUTES_MAX);
	if (backtest_input_read(options->counts, UINT32_MAX, &trace, why) < 0 ||
	    (options->weights && backtest_input_weigh(options->weights, &trace, why) < 0))
		return command_failed(call, "%s", why);
	err = backtest_keepwarm(
	    &trace, cold_minutes, isatty(STDERR_FILENO) ? &progress : NULL, &found);
	meter_end(&meter);
	if (!err)
		err = options->json ? backtest_json_keepwarm(&found, cold_minutes, stdout)
				    : backtest_view_keepwarm(
					  &found, cold_minutes, call->colour, stdout);
	return err ? say_failure(call, err) : COMMAND_DONE;
}

static int find_rates(struct call *call, enum arch arch, struct lambda_rates *out)
{
	const struct backtest_options *options = call->options;
	AUTO(book) struct book *book = NULL;

	if (price_book_open(call, options->prices, &book) != COMMAND_DONE)
		return COMMAND_FAILED;
	if (rates_lambda(book, options->region, arch, out) < 0 || !out->has_pc)
		return command_failed(call,
		    "no price for provisioned concurrency in region \"%s\" (see "
		    "`coldmeter "
		    "prices show`)",
		    options->region ? options->region : "us-east-1");
	return COMMAND_DONE;
}

static int replay_slots(struct call *call, const struct backtest_slots_terms *terms,
    const struct backtest_place *place)
{
	const struct backtest_options *options = call->options;
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	struct meter meter = {clock_boot_ns(), -1};
	const struct backtest_progress progress = {tell, &meter};
	struct backtest_slots found;
	char why[CSV_WHY_BYTES];
	int err;

	if (backtest_input_read(
		options->containers, BACKTEST_CONTAINERS_MAX, &trace, why) < 0)
		return command_failed(call, "%s", why);
	err = backtest_slots(
	    &trace, terms, isatty(STDERR_FILENO) ? &progress : NULL, &found);
	meter_end(&meter);
	if (!err)
		err = options->json
			  ? backtest_json_slots(&found, terms, place, stdout)
			  : backtest_view_slots(&found, terms, call->colour, stdout);
	return err ? say_failure(call, err) : COMMAND_DONE;
}

static int concurrency(struct call *call)
{
	const struct backtest_options *options = call->options;
	struct backtest_slots_terms terms = {.memory_mb = options->memory_mb};
	enum arch arch = options->arch ? arch_find(options->arch) : ARCH_X86_64;
	const struct backtest_place place = {
	    options->region ? options->region : "us-east-1", arch_name(arch)};
	int status;

	if (options->counts || options->weights || options->cold_minutes)
		return command_misused(call, "concurrency takes no option of keepwarm");
	if (!options->containers)
		return command_misused(call, "concurrency needs --containers FILE");
	if (!terms.memory_mb)
		return command_misused(call, "concurrency needs --memory-mb M");
	if (arch == ARCH_UNKNOWN)
		return command_misused(
		    call, "unknown arch \"%s\": x86_64 or arm64", options->arch);
	status = find_rates(call, arch, &terms.rates);
	return status == COMMAND_DONE ? replay_slots(call, &terms, &place) : status;
}

static const struct verb verbs[] = {
    {"keepwarm", NULL, keepwarm}, {"concurrency", NULL, concurrency}, {NULL, NULL, NULL}};

static int run(struct call *call)
{
	if (!call->operands_n)
		return command_misused(call, "needs keepwarm or concurrency");
	return command_verb(call, verbs);
}

const struct command command_backtest = {
    .name = "backtest",
    .group = "Act",
    .summary = "replay policies on recorded counts: keep-warm windows, reserved slots",
    .usage = "keepwarm|concurrency [options]",
    .help =
	"keepwarm: what windows of 5 to 120 minutes, the hybrid histogram of Shahrad et\n"
	"al. (4 hours and 1) and coldmeter's own forecast would have done: share of "
	"cold\n"
	"arrivals, idle minutes, and the cost of both against an oracle. An arrival is "
	"a\n"
	"minute with an invocation, the first one of a function is cold, and one "
	"sandbox\n"
	"is kept. No policy sees a minute before it decides on it.\n"
	"concurrency: what it costs to reserve containers by rules that clouds offer, "
	"by\n"
	"the rule of `advise concurrency`, and by oracles, at AWS Lambda's prices.\n"
	"Neither needs a collector. - reads standard input.\n"
	"\n"
	"  coldmeter backtest keepwarm --counts counts.csv.gz --cold-minutes 10\n"
	"  coldmeter backtest concurrency --containers apps.csv --memory-mb 512 --json\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct backtest_options),
    .run = run,
};
