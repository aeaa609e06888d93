/* A configuration of the agent: what is taken gives names that are fit to be shown. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/names/rules.h"
#include "model/function.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	static const struct rules_subject subjects[] = {
	    {.function = "shop", .process = "node", .container = "0a1b"},
	    {.function = "shop", .port = 8080, .method = "POST", .path = "/orders/7"},
	    {.process = "gunicorn", .began = "sh", .method = "GET", .path = "/"},
	    {.function = NULL}};
	struct rules *rules = NULL;
	char path[32];
	int err;

	check_quiet();
	(void)check_file(in, size, path);
	err = rules_load(path, &rules);
	if (err) {
		if (err != -EINVAL || rules)
			abort();
		return 0;
	}
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		const char *name = rules_name(rules, &subjects[i]);

		(void)rules_front_door(rules, &subjects[i]);
		if (name && !*name)
			abort();
		if (name)
			check_text(name, FUNCTION_NAME_BYTES);
	}
	(void)rules_want_targets(rules);
	rules_free(rules);
	return 0;
}
