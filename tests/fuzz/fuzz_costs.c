/* The settings about costs, and speed factors: the same bytes as both. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "price/compare.h"
#include "serve/figures/cost_rules.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the */
const char *__lsan_default_suppressions(void); /* sanitizer calls it */

/* libfyaml 0.7.12 forgets a buffer of its own for a scalar of many pieces. A document
 * that we would forget shows in the unit tests: make check-unit SAN=address. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): likewise */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void try_rules(const uint8_t *in, size_t size)
{
	struct cost_rules *rules = NULL;
	struct companions each;
	const char *team;
	char path[32];
	int err;

	(void)check_file(in, size, path);
	err = cost_rules_load(path, &rules);
	if (err) {
		if (err != -EINVAL || rules)
			abort();
		return;
	}
	cost_rules_companions(rules, "shop", &each);
	for (size_t i = 0; i < COMPANIONS; i++)
		if (each.micro[i] > 1000000000)
			abort();
	team = cost_rules_tag(rules, "shop", "team");
	if (team && (!*team || strlen(team) >= COST_RULES_VALUE_BYTES))
		abort();
	json_decref(cost_rules_tags(rules, "shop"));
	cost_rules_free(rules);
}

static void try_speeds(const uint8_t *in, size_t size)
{
	struct speeds speeds;
	char text[256];
	char why[128] = "";

	if (size >= sizeof(text))
		return;
	memcpy(text, in, size);
	text[size] = '\0';
	if (speeds_parse(text, &speeds, why, sizeof(why)) < 0) {
		check_text(why, sizeof(why));
		return;
	}
	for (size_t i = 0; plans[i]; i++) {
		uint32_t speed = speeds_under(&speeds, plans[i], NULL);

		if (speed < 10 || speed > 100000)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	check_quiet();
	try_rules(in, size);
	try_speeds(in, size);
	return 0;
}
