/* A size that a manifest lacks is put in, wherever and however the function is written:
 * what our own readers read of the patched text is what was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "manifest/patch.h"
#include "tests/unit/apply_patch.h"

#define ROUNDS 4000
#define FUNCTIONS 5
#define EDITS 8

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % below;
}

/* A text under construction; lines end as the file's do. */
struct pen {
	struct buffer out;
	const char *line_end;
	size_t step; /* of indentation */
};

__attribute__((format(printf, 3, 4))) static void put(
    struct pen *pen, size_t level, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (size_t i = 0; i < level * pen->step; i++)
		buffer_put_text(&pen->out, " ");
	buffer_put_text(&pen->out, text);
	buffer_put_text(&pen->out, pen->line_end);
}

static const char *remark(void)
{
	static const char *const remarks[] = {
	    "", "", " # {why: not}", "  # 1: 2", " # \xc3\xa9t\xc3\xa9", "   "};

	return remarks[draw(6)];
}

/* Pairs of a function besides its size, in a block. */
static void put_pairs(struct pen *pen, size_t level, bool many)
{
	size_t before;

	if (draw(3) == 0)
		put(pen, level, "# about: this one");
	before = pen->out.n;
	if (draw(2))
		put(pen, level, "description: >%s", draw(2) ? "-" : ""),
		    put(pen, level + 1, "memorySize: 1, in words"),
		    put(pen, level + 1, "more");
	if (draw(2))
		put(pen, level, "environment:%s", remark()),
		    put(pen, level + 1, "A: \"{\""), put(pen, level + 1, "B: 'x'");
	if (draw(2))
		put(pen, level, "tags: {a: b}%s", remark());
	if (draw(2))
		put(pen, level, "'handler': \"a.b\"%s", remark());
	if (draw(2) && many)
		put(pen, level, "layers:"), put(pen, level, "- one%s", remark());
	if (draw(2))
		put(pen, level, "runtime: a b%s", remark());
	if (pen->out.n == before || draw(2))
		put(pen, level, "role: x%s", remark());
}

/* "key:" with a mapping as the rest of its line, or of the lines below. */
static void put_flow(struct pen *pen, size_t level, const char *key, const char *pairs)
{
	switch (draw(3)) {
	case 0:
		put(pen, level, "%s: {%s}%s", key, pairs, remark());
		break;
	case 1:
		put(pen, level, "%s: {", key);
		if (*pairs)
			put(pen, level + 1, "%s", pairs);
		put(pen, level + 1, "}");
		break;
	default:
		put(pen, level, "%s:   { %s  }", key, pairs);
	}
}

static void write_serverless(struct pen *pen)
{
	static const char *const pairs[] = {"", "handler: a.b", "\"handler\": \"a.b\"",
	    "handler: a.b, tags: {x: y}", "timeout: 9, memorySize: 300"};

	put(pen, 0, "service: s%s", remark());
	put(pen, 0, "provider:");
	put(pen, 1, "name: aws");
	if (draw(3) == 0)
		put(pen, 1, "memorySize: 2048%s", remark());
	put(pen, 0, "functions:");
	for (int i = 0; i < FUNCTIONS; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "f%d", i);
		if (draw(2)) {
			put_flow(pen, 1, key, pairs[draw(5)]);
			continue;
		}
		put(pen, 1, "%s:%s", key, remark());
		if (draw(4) == 0)
			put(pen, 2, "memorySize: %u%s", 128 + draw(512), remark());
		put_pairs(pen, 2, true);
	}
}

static void write_sam(struct pen *pen)
{
	put(pen, 0, "Transform: AWS::Serverless-2016-10-31");
	put(pen, 0, "Resources:");
	for (int i = 0; i < FUNCTIONS; i++) {
		put(pen, 1, "F%d:", i);
		put(pen, 2, "Type: AWS::Serverless::Function%s", remark());
		if (draw(2)) {
			put_flow(pen, 2, "Properties", draw(2) ? "Handler: !Sub x" : "");
		} else {
			put(pen, 2, "Properties:");
			put_pairs(pen, 3, true);
		}
	}
}

static void write_json(struct pen *pen)
{
	bool wide = draw(2);

	put(pen, 0, "{");
	put(pen, 1, "\"AWSTemplateFormatVersion\": \"2010-09-09\",");
	put(pen, 1, "\"Resources\": {");
	for (int i = 0; i < FUNCTIONS; i++) {
		const char *comma = i + 1 < FUNCTIONS ? "," : "";

		put(pen, 2, "\"F%d\": {\"Type\": \"AWS::Lambda::Function\",", i);
		if (wide) {
			put(pen, 3, "\"Properties\" : {");
			put(pen, 4, "\"Handler\": \"x\",");
			put(pen, 4, "\"Timeout\": 9");
			put(pen, 3, "}}%s", comma);
		} else {
			put(pen, 3, "\"Properties\":{%s}}%s",
			    draw(2) ? "\"Handler\":\"x\",\"Timeout\":9" : "", comma);
		}
	}
	put(pen, 1, "}");
	put(pen, 0, "}");
}

static void write_limits(struct pen *pen, size_t level, const char *block)
{
	switch (draw(4)) {
	case 0:
		put_flow(pen, level, "limits", draw(2) ? "cpu: 1" : "");
		break;
	case 1:
		put(pen, level, "limits:%s", remark());
		put(pen, level + 1, "%s%s", block, remark());
		break;
	case 2:
		put(pen, level, "limits: {cpu: 1, memory: 64Mi}");
		break;
	default:
		break;
	}
}

static void write_openfaas(struct pen *pen)
{
	put(pen, 0, "provider: {name: openfaas}");
	put(pen, 0, "functions:");
	for (int i = 0; i < FUNCTIONS; i++) {
		put(pen, 1, "f%d:", i);
		write_limits(pen, 2, "cpu: 100m");
		put_pairs(pen, 2, true);
	}
}

static void write_knative(struct pen *pen)
{
	int column;

	for (int i = 0; i < FUNCTIONS; i++) {
		if (i)
			put(pen, 0, "---");
		put(pen, 0, "apiVersion: serving.knative.dev/v1");
		put(pen, 0, "kind: Service");
		put(pen, 0, "metadata: {name: f%d}", i);
		put(pen, 0, "spec:");
		put(pen, 1, "template:");
		put(pen, 2, "spec:");
		put(pen, 3, "containers:");
		if (draw(3) == 0) {
			put(pen, 3, "- {image: x%s}", draw(2) ? ", resources: {}" : "");
			continue;
		}
		put(pen, 3, "- image: x%s", remark());
		if (draw(3) == 0)
			continue;
		column = (int)(3 * pen->step + 2); /* of what follows "- " */
		put(pen, 0, "%*sresources:%s", column, "", remark());
		put(pen, 0, "%*slimits: {cpu: 1%s}", column + 1, "",
		    draw(2) ? ", memory: 1Gi" : "");
	}
}

/* Every size set to another one. Returns how many were put in. */
static size_t plan(
    const struct manifest *manifest, uint64_t *mb, struct patch_edit *edits, size_t *n)
{
	size_t added = 0;

	for (size_t i = 0; i < manifest->functions_n; i++) {
		const struct manifest_function *f = &manifest->functions[i];
		bool is_own = f->memory_mb.from == SETTING_OWN;

		mb[i] = 600 + draw(5000);
		if (is_own == f->memory_gap.is_there)
			fail_msg("function %zu: its own %d, a gap %d:\n%s", i, is_own,
			    f->memory_gap.is_there, manifest->text);
		if (is_own)
			assert_true(patch_memory(&f->memory_mb, mb[i], &edits[*n]));
		else
			assert_true(patch_memory_in(&f->memory_gap, mb[i], &edits[*n]));
		added += !is_own;
		++*n;
	}
	return added;
}

static void check_sizes(
    const struct buffer *text, const struct manifest *before, const uint64_t *mb)
{
	struct manifest manifest;
	struct manifest_error error;
	int err = manifest_parse((const char *)text->at, text->n, &manifest, &error);

	if (err)
		fail_msg("%d: line %d: %s\n%s\nbecame\n%.*s", err, error.line, error.why,
		    before->text, (int)text->n, (const char *)text->at);
	assert_int_equal(manifest.functions_n, before->functions_n);
	for (size_t i = 0; i < manifest.functions_n; i++) {
		const struct manifest_function *f = &manifest.functions[i];

		if (f->memory_mb.from != SETTING_OWN || f->memory_mb.value != mb[i])
			fail_msg("function %zu has %zu, not %zu:\n%.*s", i,
			    (size_t)f->memory_mb.value, (size_t)mb[i], (int)text->n,
			    (const char *)text->at);
		assert_int_equal(
		    f->timeout_ms.value, before->functions[i].timeout_ms.value);
		assert_int_equal(f->tags_n, before->functions[i].tags_n);
		assert_string_equal(f->name, before->functions[i].name);
	}
	manifest_done(&manifest);
}

static size_t check_one(const struct pen *pen)
{
	struct manifest manifest;
	struct manifest_error error;
	struct patch_edit edits[EDITS];
	uint64_t mb[EDITS] = {0};
	struct buffer text = {0};
	struct buffer diff = {0};
	struct buffer patched = {0};
	size_t n = 0;
	size_t added;
	int err =
	    manifest_parse((const char *)pen->out.at, pen->out.n, &manifest, &error);

	if (err)
		fail_msg("%d: line %d: %s:\n%.*s", err, error.line, error.why,
		    (int)pen->out.n, (const char *)pen->out.at);
	added = plan(&manifest, mb, edits, &n);
	patch_put(&diff, "a.yml", &manifest, edits, n);
	buffer_put(&diff, "", 1);
	patch_apply(&text, &manifest, edits, n);
	if (!apply_patch(manifest.text, (const char *)diff.at, &patched) ||
	    patched.n != text.n || memcmp(patched.at, text.at, text.n) != 0)
		fail_msg("does not apply:\n%s", (const char *)diff.at);
	check_sizes(&text, &manifest, mb);
	buffer_done(&text);
	buffer_done(&diff);
	buffer_done(&patched);
	manifest_done(&manifest);
	return added;
}

static void test_random_manifests_get_the_sizes_that_they_lack(void **state)
{
	static void (*const writers[])(struct pen *) = {
	    write_serverless, write_sam, write_json, write_openfaas, write_knative};
	size_t added = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct pen pen = {
		    .line_end = draw(4) ? "\n" : "\r\n", .step = 1 + draw(4)};

		writers[i % 5](&pen);
		if (draw(3) == 0) /* the last line has no end */
			pen.out.n -= strlen(pen.line_end);
		added += check_one(&pen);
		buffer_done(&pen.out);
	}
	assert_true(added > (size_t)ROUNDS * 2);
}

static struct manifest parse(const char *text)
{
	struct manifest manifest;
	struct manifest_error error;

	assert_int_equal(manifest_parse(text, strlen(text), &manifest, &error), 0);
	return manifest;
}

static void check_patched(const char *text, uint64_t mb, const char *expected)
{
	struct manifest manifest = parse(text);
	struct patch_edit edit;
	struct buffer out = {0};

	assert_true(patch_memory_in(&manifest.functions[0].memory_gap, mb, &edit));
	patch_apply(&out, &manifest, &edit, 1);
	buffer_put(&out, "", 1);
	assert_string_equal((const char *)out.at, expected);
	buffer_done(&out);
	manifest_done(&manifest);
}

static void test_a_size_follows_the_first_line_of_a_block(void **state)
{
	(void)state;
	check_patched("service: s\nprovider: {name: aws}\nfunctions:\n  a:\n    # here\n"
		      "    handler: x.y # main\n    timeout: 3\n",
	    512,
	    "service: s\nprovider: {name: aws}\nfunctions:\n  a:\n    # here\n"
	    "    handler: x.y # main\n    memorySize: 512\n    timeout: 3\n");
	check_patched("provider: {name: openfaas}\nfunctions:\n  a:\n    labels:\n"
		      "      x: y\n",
	    96,
	    "provider: {name: openfaas}\nfunctions:\n  a:\n    limits:\n"
	    "      memory: 96Mi\n    labels:\n      x: y\n");
}

static void test_a_size_is_written_as_json_in_json(void **state)
{
	(void)state;
	check_patched("{\"Resources\": {\"F\": {\"Type\": \"AWS::Lambda::Function\",\n"
		      "  \"Properties\": {\n    \"Handler\": \"x\"\n  }}}}\n",
	    512,
	    "{\"Resources\": {\"F\": {\"Type\": \"AWS::Lambda::Function\",\n"
	    "  \"Properties\": {\n    \"MemorySize\": 512,\n    \"Handler\": \"x\"\n"
	    "  }}}}\n");
	check_patched("{\"provider\": {\"name\": \"openfaas\"}, \"functions\": {\"a\": "
		      "{\"lang\": \"go\"}}}",
	    96,
	    "{\"provider\": {\"name\": \"openfaas\"}, \"functions\": {\"a\": "
	    "{\"limits\": {\"memory\": \"96Mi\"}, \"lang\": \"go\"}}}");
}

static void test_no_gap_where_others_would_get_it_or_it_is_there(void **state)
{
	static const char *const texts[] = {/* an anchor, which hands it on */
	    "provider: {name: openfaas}\nfunctions:\n  a: &a\n    lang: go\n  b: *a\n",
	    "provider: {name: openfaas}\nx: &x\n  lang: go\nfunctions:\n  a: *x\n",
	    /* the merged limits would be hidden, with their cpu */
	    "provider: {name: openfaas}\nx: &x {limits: 1}\nfunctions:\n  a: {<<: *x}\n",
	    /* it is there, if not as a figure */
	    "provider: {name: openfaas}\nfunctions:\n  a:\n    limits: {memory: lots}\n",
	    "provider: {name: openfaas}\nfunctions:\n  a:\n    limits: none\n",
	    "provider: {name: openfaas}\nfunctions:\n  a:\n    limits:\n",
	    /* written in a way that is not understood */
	    "provider: {name: openfaas}\nfunctions:\n  a:\n    ? [x]\n    : y\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct manifest manifest = parse(texts[i]);

		if (manifest.functions[0].memory_gap.is_there)
			fail_msg("a gap in:\n%s", texts[i]);
		manifest_done(&manifest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_manifests_get_the_sizes_that_they_lack),
	    cmocka_unit_test(test_a_size_follows_the_first_line_of_a_block),
	    cmocka_unit_test(test_a_size_is_written_as_json_in_json),
	    cmocka_unit_test(test_no_gap_where_others_would_get_it_or_it_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
