/* Texts that would keep a reader busy for hours are refused at once, or read in time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "manifest/manifest.h"

#define BYTES (1 << 20)
#define CPU_S_MAX 5.0 /* of a text; unbounded they take minutes to hours */

static const char head[] =
    "service: s\nprovider: {name: aws}\nfunctions:\n  a: {handler: x}\n";

static double cpu_s(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* before, a number of times a unit (in which %zu is its number), and after. */
struct text {
	const char *name;
	const char *before;
	const char *unit;
	const char *after;
	const char *why; /* NULL: it is read */
};

static void fill(struct buffer *out, const struct text *text)
{
	char unit[256];

	buffer_put_text(out, text->before);
	for (size_t i = 0; out->n < BYTES; i++) {
		int n;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		n = snprintf(unit, sizeof(unit), text->unit, i % 1000000, i);
#pragma GCC diagnostic pop
		buffer_put(out, unit, (size_t)n);
	}
	buffer_put_text(out, text->after);
}

static void check(const struct text *text)
{
	struct manifest manifest = {0};
	struct manifest_error error;
	struct buffer out = {0};
	double began_s = cpu_s();
	int err;

	fill(&out, text);
	err = manifest_parse((const char *)out.at, out.n, &manifest, &error);
	if (cpu_s() - began_s > CPU_S_MAX)
		fail_msg("%s took %.1f s", text->name, cpu_s() - began_s);
	if (text->why && (err != -EBADMSG || !strstr(error.why, text->why)))
		fail_msg("%s: %d, %s", text->name, err, error.why);
	if (!text->why && err)
		fail_msg("%s: %d, line %d: %s", text->name, err, error.line, error.why);
	manifest_done(&manifest);
	buffer_done(&out);
}

static void test_texts_that_libfyaml_is_slow_with_are_refused(void **state)
{
	static const struct text texts[] = {
	    {"anchors", "service: s\nprovider: {name: aws}\nx:\n", "- &a%zu b\n", "",
		"has more than 10000 anchors"},
	    {"one anchor", "service: s\nprovider: {name: aws}\nx: [", "&a b,", "]\n",
		"has more than 10000 anchors"},
	    {"a directive", "", "%%", "\n---\nprovider: {}\n",
		"has a directive of more than 256 bytes"},
	    {"a version", "\xef\xbb\xbf%YAML ", "1", "\n---\nprovider: {}\n",
		"has a directive of more than 256 bytes"},
	    {"blanks", "#\r%YAML 1.2", " ", "\n---\nprovider: {}\n",
		"has a directive of more than 256 bytes"},
	    {"handles", "", "%%TAG !t%zu! tag:x:\n", "---\nprovider: {}\n",
		"has more than 64 directives"},
	    {"escapes", "service: s\nprovider: {name: aws}\nx: !", "%%41", " b\n",
		"has a tag of more than 512 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(&texts[i]);
}

static void test_texts_that_are_long_are_read_in_time(void **state)
{
	static const struct text texts[] = {
	    {"list", head, "# %zu\n", "x: 1\n", NULL},
	    {"flow", "service: s\nprovider: {name: aws}\nx: [", "{a: %zu},", "b]\n",
		NULL},
	    {"words", "service: s\nprovider: {name: aws}\nx: |\n", "  a %% b! &\n", "",
		"has more than 10000 anchors"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(&texts[i]);
}

/* Each "#" of the text is the number of the time. */
static void put_each(struct buffer *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (const char *c = text; *c; c++) {
			if (*c == '#')
				buffer_put_count(out, i);
			else
				buffer_put(out, c, 1);
		}
	}
}

static void check_look_ups(const struct buffer *text)
{
	struct manifest manifest = {0};
	struct manifest_error error;
	double began_s = cpu_s();

	assert_int_equal(
	    manifest_parse((const char *)text->at, text->n, &manifest, &error), -EBADMSG);
	assert_true(cpu_s() - began_s < CPU_S_MAX);
	assert_non_null(strstr(error.why, "look-ups"));
}

static void test_keys_that_name_each_other_are_bounded(void **state)
{
	struct buffer serverless = {0};
	struct buffer template = {0};

	(void)state;
	buffer_put_text(&serverless, "service: s\nprovider: {name: aws}\n");
	put_each(&serverless, "k#: v\n", 9000);
	buffer_put_text(&serverless, "functions:\n");
	put_each(&serverless,
	    "  f#: {name: \"${self:z.a}-${self:z.b}-${self:z.c}\", memorySize: "
	    "\"${self:z.q}\"}\n",
	    1000);
	check_look_ups(&serverless);
	buffer_done(&serverless);
	buffer_put_text(&template, "Resources:\n");
	put_each(&template,
	    "  F#:\n    Type: AWS::Lambda::Function\n    Properties: {Handler: x}\n",
	    900);
	put_each(&template,
	    "  P#:\n    Type: AWS::Lambda::Permission\n    Properties: {FunctionName: "
	    "!Ref F0, Principal: !Ref P#}\n",
	    8900);
	check_look_ups(&template);
	buffer_done(&template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts_that_libfyaml_is_slow_with_are_refused),
	    cmocka_unit_test(test_texts_that_are_long_are_read_in_time),
	    cmocka_unit_test(test_keys_that_name_each_other_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
