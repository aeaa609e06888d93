#include "manifest/reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "base/text.h"

#define MIB (1ULL << 20)
#define MEMORY_MAX_BYTES (1ULL << 40)
#define FIGURE_BYTES 32

struct manifest_function *reader_add(
    struct reader *reader, struct fy_node *key, enum platform platform)
{
	struct manifest *manifest = reader->manifest;
	struct manifest_function *function;

	if (manifest->functions_n == MANIFEST_MAX_FUNCTIONS) {
		*reader->error = (struct manifest_error){node_line(key), 1, ""};
		(void)snprintf(reader->error->why, sizeof(reader->error->why),
		    "has more than %d functions", MANIFEST_MAX_FUNCTIONS);
		return NULL;
	}
	if (ROOM_FOR_ONE(manifest->functions, manifest->functions_n, reader->room) < 0)
		return NULL;
	function = &manifest->functions[manifest->functions_n++];
	*function =
	    (struct manifest_function){.platform = platform, .line = node_line(key)};
	(void)node_text(key, function->key, sizeof(function->key));
	return function;
}

/* Digits, at most three of them behind a point, into thousandths. */
static const char *take_number(const char *text, uint64_t *thousandths)
{
	uint64_t value = 0;
	uint64_t scale = 1000;
	const char *at = text;

	for (; isdigit((unsigned char)*at); at++) {
		if (value > UINT32_MAX * 1000ULL)
			return NULL;
		value = value * 10 + (uint64_t)(*at - '0');
	}
	if (at == text)
		return NULL;
	value *= 1000;
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++) {
			scale /= 10;
			value += (uint64_t)(*at - '0') * scale;
		}
	}
	*thousandths = value;
	return at;
}

struct suffix {
	const char *name;
	uint64_t factor;
};

static bool find_suffix(
    const struct suffix *table, const char *name, size_t n, uint64_t *factor)
{
	for (; table->name; table++) {
		if (strlen(table->name) != n || memcmp(table->name, name, n) != 0)
			continue;
		*factor = table->factor;
		return true;
	}
	return false;
}

/* Bytes, as Kubernetes writes a quantity. */
static const struct suffix sizes[] = {{"", 1}, {"k", 1000}, {"M", 1000000},
    {"G", 1000000000}, {"T", 1000000000000}, {"Ki", 1024}, {"Mi", MIB},
    {"Gi", 1024 * MIB}, {"Ti", MIB *MIB}, {NULL, 0}};
/* What Docker's way of writing adds: binary, whatever the case. */
static const struct suffix docker_sizes[] = {{"", 1}, {"b", 1}, {"k", 1024}, {"K", 1024},
    {"m", MIB}, {"M", MIB}, {"g", 1024 * MIB}, {"G", 1024 * MIB}, {"Mi", MIB},
    {"Gi", 1024 * MIB}, {NULL, 0}};
static const struct suffix spans[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};

/* MiB, rounded down. */
static bool parse_size(const char *text, const struct suffix *table, uint64_t *value)
{
	uint64_t thousandths;
	uint64_t factor;
	const char *end = take_number(text, &thousandths);
	unsigned __int128 bytes;

	if (!end || !find_suffix(table, end, strlen(end), &factor))
		return false;
	bytes = (unsigned __int128)thousandths * factor / 1000;
	if (bytes < MIB || bytes > MEMORY_MAX_BYTES)
		return false;
	*value = (uint64_t)(bytes / MIB);
	return true;
}

/* Milliseconds; "1m30s" has several parts. */
static bool parse_span(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*text)
		return false;
	while (*text) {
		uint64_t thousandths;
		uint64_t factor;
		size_t n;

		text = take_number(text, &thousandths);
		if (!text)
			return false;
		n = strspn(text, "mhs");
		if (!find_suffix(spans, text, n, &factor) ||
		    thousandths > UINT64_MAX / 3600000 / 2)
			return false;
		sum += thousandths * factor / 1000;
		text += n;
		if (sum > UINT32_MAX * 1000ULL)
			return false;
	}
	*value = sum;
	return true;
}

/* A number that is not whole is wrong wherever it is deployed. */
static bool parse_count(
    const char *text, uint64_t scale, uint64_t *value, const char **why)
{
	uint64_t thousandths;
	const char *end = take_number(text, &thousandths);

	if (!end || *end || thousandths / 1000 > UINT32_MAX)
		return false;
	if (thousandths % 1000) {
		*why = "must be a whole number";
		return false;
	}
	*value = thousandths / 1000 * scale;
	return true;
}

static bool parse_figure(
    const char *text, enum figure figure, uint64_t *value, const char **why)
{
	switch (figure) {
	case FIGURE_COUNT:
		return parse_count(text, 1, value, why);
	case FIGURE_SECONDS:
		return parse_count(text, 1000, value, why);
	case FIGURE_MEMORY:
		return parse_size(text, sizes, value);
	case FIGURE_DOCKER:
		return parse_size(text, docker_sizes, value);
	case FIGURE_SPAN:
		return parse_span(text, value);
	}
	return false;
}

void setting_take(struct manifest_setting *setting, struct fy_node *node,
    enum figure figure, enum setting_from from)
{
	char text[FIGURE_BYTES];

	if (!node ||
	    (node_is_scalar(node) &&
		(node_is(node, "") || node_is(node, "null") || node_is(node, "~"))))
		return;
	*setting =
	    (struct manifest_setting){.from = SETTING_UNKNOWN, .line = node_line(node)};
	if (figure == FIGURE_MEMORY)
		setting->unit = SETTING_QUANTITY;
	else if (figure == FIGURE_DOCKER)
		setting->unit = SETTING_DOCKER;
	if (node_text(node, text, sizeof(text)) &&
	    node_span(node, &setting->at, &setting->bytes) &&
	    parse_figure(text, figure, &setting->value, &setting->why))
		setting->from = from;
}

void setting_default(struct manifest_setting *setting, uint64_t value)
{
	if (setting->from == SETTING_ABSENT)
		*setting =
		    (struct manifest_setting){.from = SETTING_DEFAULT, .value = value};
}

void reader_trigger(struct manifest_function *function, const char *kind, int line)
{
	struct manifest_word *word;

	for (size_t i = 0; i < function->triggers_n; i++)
		if (strcmp(function->triggers[i].key, kind) == 0)
			return;
	if (function->triggers_n == MANIFEST_MAX_TRIGGERS || !*kind)
		return;
	word = &function->triggers[function->triggers_n++];
	*word = (struct manifest_word){.line = line};
	(void)text_copy(word->key, sizeof(word->key), kind);
	text_make_printable(word->key);
}

void reader_tags(struct manifest_function *function, struct fy_node *map)
{
	struct fy_node *key;
	struct fy_node *value;
	void *at = NULL;

	while (
	    function->tags_n < MANIFEST_MAX_TAGS && node_next(map, &at, &key, &value)) {
		struct manifest_word *tag = &function->tags[function->tags_n];
		size_t i = 0;

		*tag = (struct manifest_word){.line = node_line(key)};
		if (!node_text(key, tag->key, sizeof(tag->key)) ||
		    !node_text(value, tag->value, sizeof(tag->value)))
			continue;
		while (strcmp(function->tags[i].key, tag->key) != 0)
			i++;
		function->tags_n += i == function->tags_n;
	}
}
