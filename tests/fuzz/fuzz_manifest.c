/* A deployment manifest: what is read of it is fit to be shown, figures stand where they
 * are said to, and a patch of them changes them and nothing else. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/patch.h"
#include "manifest/trigger.h"
#include "tests/fuzz/checks.h"
#include "tests/unit/apply_patch.h"

#define NEW_MEMORY_MB 333
#define EDITS 64
#define GAPS 4 /* looked at, of a text: each is read again */

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

static void check_setting(
    const struct manifest *manifest, const struct manifest_setting *setting)
{
	bool stands = setting->from == SETTING_OWN || setting->from == SETTING_SHARED;

	if (stands && (setting->at > manifest->text_bytes ||
			  setting->bytes > manifest->text_bytes - setting->at))
		abort();
	if (stands && setting->line < 1)
		abort();
}

static void check_words(const struct manifest_word *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_text(words[i].key, sizeof(words[i].key));
		check_text(words[i].value, sizeof(words[i].value));
		(void)trigger_service(words[i].key);
	}
}

static void check_function(
    const struct manifest *manifest, const struct manifest_function *function)
{
	check_text(function->name, sizeof(function->name));
	check_text(function->key, sizeof(function->key));
	check_text(function->region, sizeof(function->region));
	check_setting(manifest, &function->memory_mb);
	check_setting(manifest, &function->timeout_ms);
	check_setting(manifest, &function->provisioned);
	check_words(function->triggers, function->triggers_n);
	check_words(function->tags, function->tags_n);
	if (function->memory_gap.is_there &&
	    function->memory_gap.at > manifest->text_bytes)
		abort();
	(void)manifest_is_of(function, "shop-prod-orders", function->platform);
}

static int by_place(const void *a, const void *b)
{
	const struct patch_edit *x = a;
	const struct patch_edit *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* The same change, without a diff. edits are sorted. */
static void replace(const struct manifest *manifest, const struct patch_edit *edits,
    size_t n, struct buffer *out)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (edits[i].at < at)
			continue;
		buffer_put(out, manifest->text + at, edits[i].at - at);
		buffer_put_text(out, edits[i].text);
		at = edits[i].at + edits[i].bytes;
	}
	buffer_put(out, manifest->text + at, manifest->text_bytes - at);
}

/* A size that is put in is there then, when the text can be read at all. */
static void check_gap(const struct manifest *manifest, size_t at)
{
	struct patch_edit edit;
	struct buffer text = {0};
	struct buffer diff = {0};
	struct buffer patched = {0};
	struct manifest_error error;
	struct manifest then;

	if (!patch_memory_in(&manifest->functions[at].memory_gap, NEW_MEMORY_MB, &edit))
		return;
	patch_put(&diff, "stack.yaml", manifest, &edit, 1);
	buffer_put(&diff, "", 1);
	patch_apply(&text, manifest, &edit, 1);
	if (diff.failed || text.failed ||
	    !apply_patch(manifest->text, (const char *)diff.at, &patched) ||
	    patched.n != text.n || memcmp(patched.at, text.at, text.n) != 0)
		abort();
	if (manifest_parse((const char *)text.at, text.n, &then, &error) == 0) {
		if (then.functions_n == manifest->functions_n &&
		    (then.functions[at].memory_mb.from != SETTING_OWN ||
			then.functions[at].memory_mb.value != NEW_MEMORY_MB))
			abort();
		manifest_done(&then);
	}
	buffer_done(&text);
	buffer_done(&diff);
	buffer_done(&patched);
}

static bool is_in_lines(const struct manifest *manifest, const struct patch_edit *edit)
{
	return !memchr(manifest->text + edit->at, '\n', edit->bytes);
}

/* A diff of the figures, applied, is the text with the figures in it. */
static void check_patch(const struct manifest *manifest)
{
	struct patch_edit edits[EDITS] = {0};
	struct patch_edit given[EDITS];
	struct buffer diff = {0};
	struct buffer patched = {0};
	struct buffer direct = {0};
	size_t n = 0;

	for (size_t i = 0; i < manifest->functions_n && n < EDITS; i++)
		if (patch_memory(
			&manifest->functions[i].memory_mb, NEW_MEMORY_MB, &edits[n]))
			n += is_in_lines(manifest, &edits[n]);
	qsort(edits, n, sizeof(edits[0]), by_place);
	memcpy(given, edits, sizeof(given));
	patch_put(&diff, "stack.yaml", manifest, edits, n);
	buffer_put(&diff, "", 1);
	if (diff.failed || !apply_patch(manifest->text, (const char *)diff.at, &patched))
		abort();
	replace(manifest, given, n, &direct);
	if (patched.n != direct.n || memcmp(patched.at, direct.at, direct.n) != 0)
		abort();
	buffer_done(&diff);
	buffer_done(&patched);
	buffer_done(&direct);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct manifest manifest;
	struct manifest_error error;
	int err = manifest_parse((const char *)in, size, &manifest, &error);

	if (err) {
		if (err == -EBADMSG)
			check_text(error.why, sizeof(error.why));
		if ((err != -EBADMSG && err != -EMEDIUMTYPE) ||
		    (err == -EBADMSG && !error.why[0]))
			abort();
		return 0;
	}
	for (size_t i = 0; i < manifest.functions_n; i++)
		check_function(&manifest, &manifest.functions[i]);
	for (size_t i = 0; i < manifest.functions_n && i < GAPS; i++)
		check_gap(&manifest, i);
	check_patch(&manifest);
	manifest_done(&manifest);
	return 0;
}
