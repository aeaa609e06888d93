#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/commands/command.h"
#include "tui/doctor.h"
#include "tui/rows.h"

struct doctor_options {
	bool json;
};

static const struct option_row rows[] = {
    {"json", NULL, "{\"checks\":[{\"state\",\"what\",\"detail\"}],\"passed\"}",
	OPTION_FLAG, offsetof(struct doctor_options, json)},
};

static int print_json(const struct doctor *doctor, bool passed)
{
	AUTO(json) json_t *root = json_object();
	json_t *checks = json_array();

	for (size_t i = 0; i < doctor->n; i++)
		(void)json_array_append_new(checks,
		    json_pack("{s:s, s:s, s:s}", "state",
			doctor_state_name(doctor->checks[i].state), "what",
			doctor->checks[i].what, "detail", doctor->checks[i].detail));
	(void)json_object_set_new(root, "checks", checks);
	(void)json_object_set_new(root, "passed", json_boolean(passed));
	if (json_dumpf(root, stdout, JSON_COMPACT))
		return COMMAND_FAILED;
	(void)putchar('\n');
	return passed ? COMMAND_DONE : COMMAND_FAILED;
}

static void print_text(const struct doctor *doctor, bool colour)
{
	static const char *const inks[] = {"\033[32m", "\033[33m", "\033[31m"};

	for (size_t i = 0; i < doctor->n; i++) {
		const struct doctor_check *check = &doctor->checks[i];

		printf("%s%-4s%s  %-16s  %s\n", colour ? inks[check->state] : "",
		    doctor_state_name(check->state), colour ? "\033[0m" : "", check->what,
		    check->detail);
	}
}

static int run(struct call *call)
{
	const struct doctor_options *options = call->options;
	AUTO(free) struct doctor *doctor = calloc(1, sizeof(*doctor));
	bool passed = true;

	if (call->operands_n)
		return command_misused(call, "takes no %s", call->operands[0]);
	if (!doctor)
		return command_failed(call, "out of memory");
	doctor_check_host(doctor);
	doctor_check_blind(doctor);
	doctor_check_prices(doctor, clock_wall_ns());
	doctor_check_collector(doctor, call->endpoint, call->client);
	for (size_t i = 0; i < doctor->n; i++)
		passed &= doctor->checks[i].state != DOCTOR_FAIL;
	if (options->json)
		return print_json(doctor, passed);
	print_text(doctor, call->colour);
	return passed ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_doctor = {
    .name = "doctor",
    .group = "Start",
    .summary = "what can be measured here, what cannot, and what to do about it",
    .usage = "[options]",
    .help = "One line a check: ok, warn or fail. Exit status 1 when one fails.\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct doctor_options),
    .run = run,
};
