#include "alerts/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "alerts/fields.h"
#include "alerts/url.h"
#include "base/text.h"

struct why {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int reject(
    const struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why->text, why->size, format, args);
	va_end(args);
	text_make_printable(why->text);
	return -EINVAL;
}

static int parse_entry(json_t *entry, struct notify *out, size_t i, const struct why *why)
{
	static const char *const keys[] = {"type", "url", NULL};
	const char *type = json_string_value(json_object_get(entry, "type"));
	const char *url = json_string_value(json_object_get(entry, "url"));
	const char *stranger;
	const char *bad;
	char known[64];

	if (!json_is_object(entry))
		return reject(why, "notify[%zu] must be an object", i);
	stranger = fields_find_stranger(entry, keys);
	if (stranger)
		return reject(
		    why, "notify[%zu] has an unknown key \"%.40s\"", i, stranger);
	out[i].channel = type ? channel_find(type) : NULL;
	channel_names(known, sizeof(known));
	if (!out[i].channel)
		return reject(why, "notify[%zu].type must be one of %s", i, known);
	if (!url)
		return reject(why, "notify[%zu].url is missing", i);
	bad = url_reject(url);
	if (bad)
		return reject(why, "notify[%zu].url %s", i, bad);
	for (size_t k = 0; k < i; k++)
		if (out[k].channel == out[i].channel && strcmp(out[k].url, url) == 0)
			return reject(why, "notify[%zu] repeats notify[%zu]", i, k);
	out[i].url = strdup(url);
	return out[i].url ? 0 : -ENOMEM;
}

int notify_parse(
    const json_t *list, struct notify out[NOTIFY_MAX], size_t *n, char *text, size_t size)
{
	struct why why;
	size_t entries = json_array_size(list);
	int err = 0;

	why.text = text;
	why.size = size;
	if (list && !json_is_array(list))
		return reject(&why, "notify must be a list of {\"type\",\"url\"}");
	if (entries > NOTIFY_MAX)
		return reject(
		    &why, "notify has %zu entries, at most %d", entries, NOTIFY_MAX);
	for (size_t i = 0; i < entries && !err; i++) {
		err = parse_entry(json_array_get(list, i), out, i, &why);
		if (!err)
			*n = i + 1;
	}
	return err;
}

json_t *notify_format(const struct notify *list, size_t n, bool masked)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		char shown[URL_MAX_BYTES];
		json_t *entry = json_object();

		if (masked)
			url_mask(list[i].url, shown, sizeof(shown));
		fields_text(entry, "type", list[i].channel->name);
		fields_text(entry, "url", masked ? shown : list[i].url);
		(void)json_array_append_new(array, entry);
	}
	return array;
}

size_t notify_copy(const struct notify *list, size_t n, struct notify out[NOTIFY_MAX])
{
	size_t copied = 0;

	for (size_t i = 0; i < n && copied < NOTIFY_MAX; i++) {
		out[copied] = list[i];
		out[copied].url = strdup(list[i].url);
		copied += out[copied].url != NULL;
	}
	return copied;
}

void notify_done(struct notify *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].url);
}
