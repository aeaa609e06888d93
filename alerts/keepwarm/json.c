/* Keep-warm settings from people (strict) and both documents of the store (lenient: what
 * is missing was not known). */
#include "alerts/keepwarm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/fields.h"
#include "alerts/url.h"
#include "base/text.h"

__attribute__((format(printf, 2, 3))) static int reject(
    char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, KEEPWARM_WHY_BYTES, format, args);
	va_end(args);
	text_make_printable(why);
	return -EINVAL;
}

/* Replaces an owned text; value NULL keeps what is there. */
static int replace(char **text, const char *value)
{
	char *copy;

	if (!value)
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int parse_enabled(const json_t *value, struct keepwarm *k, char *why)
{
	if (!json_is_boolean(value))
		return reject(why, "enabled must be true or false");
	k->enabled = json_is_true(value);
	return 0;
}

static int parse_url(const json_t *value, struct keepwarm *k, char *why)
{
	const char *url = json_string_value(value);
	const char *bad = url ? url_reject(url) : "must be a text";
	char shown[URL_MAX_BYTES];

	if (!bad && k->url) {
		url_show(k->url, shown, sizeof(shown));
		if (strcmp(url, shown) == 0)
			return 0; /* what we answered, sent back: the same address */
	}
	return bad ? reject(why, "ping_url %s", bad) : replace(&k->url, url);
}

static int parse_method(const json_t *value, struct keepwarm *k, char *why)
{
	const char *method = json_string_value(value);

	if (!method || (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0))
		return reject(why, "method must be \"GET\" or \"POST\"");
	k->post = method[0] == 'P';
	return 0;
}

static int parse_body(const json_t *value, struct keepwarm *k, char *why)
{
	const char *body = json_string_value(value);

	if (!body || strlen(body) >= KEEPWARM_BODY_BYTES)
		return reject(why, "body must be a text of less than %d bytes",
		    KEEPWARM_BODY_BYTES);
	return replace(&k->body, body);
}

static int parse_idle_life(const json_t *value, struct keepwarm *k, char *why)
{
	double s = json_number_value(value);

	if (!json_is_number(value) || (s != 0 && (s < 2 || s > 86400)))
		return reject(
		    why, "idle_life_s must be from 2 to 86400 seconds, or 0 to learn it");
	k->idle_life_s = s;
	return 0;
}

static const struct {
	const char *key;
	int (*parse)(const json_t *value, struct keepwarm *k, char *why);
} rows[] = {
    {"enabled", parse_enabled},
    {"ping_url", parse_url},
    {"method", parse_method},
    {"body", parse_body},
    {"idle_life_s", parse_idle_life},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int parse_object(json_t *object, struct keepwarm *k, char *why)
{
	const char *known[ROWS + 1] = {NULL};
	const char *stranger;
	int err = 0;

	for (size_t i = 0; i < ROWS; i++)
		known[i] = rows[i].key;
	stranger = fields_find_stranger(object, known);
	if (stranger)
		return reject(why, "unknown key \"%.60s\"", stranger);
	if (!json_object_get(object, "enabled"))
		return reject(why, "enabled is missing");
	for (size_t i = 0; i < ROWS && !err; i++) {
		const json_t *value = json_object_get(object, rows[i].key);

		if (value)
			err = rows[i].parse(value, k, why);
	}
	if (!err && k->enabled && !k->url)
		return reject(why, "ping_url is missing: where shall the pings go?");
	if (!err && k->body && !k->post)
		return reject(why, "body needs method \"POST\"");
	return err;
}

static int copy_settings(const struct keepwarm *from, struct keepwarm *to)
{
	*to = *from;
	to->url = NULL;
	to->body = NULL;
	return replace(&to->url, from->url) || replace(&to->body, from->body) ? -ENOMEM
									      : 0;
}

int keepwarm_parse(const char *body, size_t body_bytes, const struct keepwarm *before,
    struct keepwarm *out, char *why)
{
	struct keepwarm k = {0};
	json_t *object = fields_parse(body, body_bytes, why, KEEPWARM_WHY_BYTES);
	int err;

	if (!object)
		return -EINVAL;
	err = before ? copy_settings(before, &k) : 0;
	if (!err)
		err = parse_object(object, &k, why);
	json_decref(object);
	if (err) {
		keepwarm_done(&k);
		return err;
	}
	*out = k;
	return 0;
}

char *keepwarm_format(const struct keepwarm *keepwarm)
{
	json_t *object = json_object();

	fields_bool(object, "enabled", keepwarm->enabled);
	fields_bool(object, "post", keepwarm->post);
	if (keepwarm->url)
		fields_text(object, "url", keepwarm->url);
	if (keepwarm->body)
		fields_text(object, "body", keepwarm->body);
	fields_real(object, "idle_life_s", keepwarm->idle_life_s);
	fields_integer(object, "since_ns", keepwarm->since_ns);
	fields_integer(object, "cold_before", (int64_t)keepwarm->cold_before);
	fields_integer(object, "pings", (int64_t)keepwarm->pings);
	return fields_take(object);
}

int keepwarm_load(const char *text, struct keepwarm *out)
{
	struct keepwarm k = {0};
	char why[128];
	json_t *object = fields_parse(text, strlen(text), why, sizeof(why));
	int err;

	if (!object)
		return -EBADMSG;
	k.enabled = json_is_true(json_object_get(object, "enabled"));
	k.post = json_is_true(json_object_get(object, "post"));
	k.idle_life_s = fields_get_real(object, "idle_life_s", 0);
	k.since_ns = fields_get_integer(object, "since_ns", 0);
	k.cold_before = (uint64_t)fields_get_integer(object, "cold_before", 0);
	k.pings = (uint64_t)fields_get_integer(object, "pings", 0);
	err = replace(&k.url, json_string_value(json_object_get(object, "url"))) ||
		      replace(&k.body, json_string_value(json_object_get(object, "body")))
		  ? -ENOMEM
		  : 0;
	json_decref(object);
	if (!err && k.enabled && (!k.url || url_reject(k.url)))
		err = -EBADMSG;
	if (err) {
		keepwarm_done(&k);
		return err;
	}
	*out = k;
	return 0;
}

static json_t *format_bins(const struct idle_life *life)
{
	json_t *bins = json_array();

	for (int i = 0; i < IDLE_LIFE_BINS; i++) {
		const struct idle_life_bin *bin = &life->bins[i];

		if (bin->warm > 0 || bin->cold > 0)
			(void)json_array_append_new(
			    bins, json_pack("[i,f,f,f,f]", i, (double)bin->warm,
				      (double)bin->cold, (double)bin->warm_max,
				      (double)bin->cold_min));
	}
	return bins;
}

char *keepwarm_format_track(const struct track *track)
{
	const struct track_counts *counts = &track->counts;
	json_t *object = json_object();
	json_t *usage = json_array();

	fields_text(object, "platform", platform_name(track->function.platform));
	fields_text(object, "version", track->function.version);
	fields_text(object, "region", track->function.region);
	fields_text(object, "arch", arch_name(track->function.arch));
	fields_integer(object, "memory_limit_mb", track->function.memory_limit_mb);
	fields_array(object, "bins", format_bins(&track->life));
	fields_integer(object, "samples", (int64_t)track->life.samples);
	fields_real(object, "ping_s", track->life.ping_s);
	fields_integer(object, "end_ns", track->end_ns);
	fields_integer(object, "real_end_ns", track->real_end_ns);
	fields_bool(object, "pinged", track->pinged);
	fields_integer(object, "invocations", (int64_t)counts->invocations);
	fields_integer(object, "cold", (int64_t)counts->cold);
	fields_integer(object, "pings_seen", (int64_t)counts->pings_seen);
	fields_integer(object, "pings_cold", (int64_t)counts->pings_cold);
	fields_integer(object, "cold_avoided", (int64_t)counts->cold_avoided);
	fields_integer(object, "init_ns", (int64_t)track->init_ns);
	fields_integer(object, "init_n", (int64_t)track->init_n);
	for (int i = 0; i < USAGE_ITEMS; i++)
		(void)json_array_append_new(
		    usage, json_integer((json_int_t)counts->ping_usage.item[i]));
	fields_array(object, "ping_usage", usage);
	return fields_take(object);
}

static void load_bins(const json_t *bins, struct idle_life *life)
{
	for (size_t i = 0; i < json_array_size(bins); i++) {
		const json_t *row = json_array_get(bins, i);
		json_int_t at = json_integer_value(json_array_get(row, 0));
		double v[4];

		for (size_t k = 0; k < 4; k++)
			v[k] = json_number_value(json_array_get(row, k + 1));
		if (at < 0 || at >= IDLE_LIFE_BINS || v[0] < 0 || v[1] < 0)
			continue;
		life->bins[at] = (struct idle_life_bin){
		    (float)v[0], (float)v[1], (float)v[2], (float)v[3]};
	}
}

static void load_function(const json_t *object, struct function *function)
{
	char word[32];

	fields_get_text(object, "platform", word, sizeof(word));
	function->platform = platform_find(word);
	fields_get_text(object, "arch", word, sizeof(word));
	function->arch = arch_find(word);
	fields_get_text(object, "version", function->version, sizeof(function->version));
	fields_get_text(object, "region", function->region, sizeof(function->region));
	function->memory_limit_mb =
	    (uint32_t)fields_get_integer(object, "memory_limit_mb", 0);
}

int keepwarm_load_track(const char *text, struct track *track)
{
	struct track_counts *counts = &track->counts;
	char why[128];
	json_t *object = fields_parse(text, strlen(text), why, sizeof(why));
	const json_t *usage;

	if (!object)
		return -EBADMSG;
	load_function(object, &track->function);
	load_bins(json_object_get(object, "bins"), &track->life);
	track->life.samples = (uint64_t)fields_get_integer(object, "samples", 0);
	track->life.ping_s = fields_get_real(object, "ping_s", IDLE_LIFE_PING_FIRST_S);
	track->end_ns = fields_get_integer(object, "end_ns", 0);
	track->real_end_ns = fields_get_integer(object, "real_end_ns", 0);
	track->pinged = json_is_true(json_object_get(object, "pinged"));
	counts->invocations = (uint64_t)fields_get_integer(object, "invocations", 0);
	counts->cold = (uint64_t)fields_get_integer(object, "cold", 0);
	counts->pings_seen = (uint64_t)fields_get_integer(object, "pings_seen", 0);
	counts->pings_cold = (uint64_t)fields_get_integer(object, "pings_cold", 0);
	counts->cold_avoided = (uint64_t)fields_get_integer(object, "cold_avoided", 0);
	track->init_ns = (uint64_t)fields_get_integer(object, "init_ns", 0);
	track->init_n = (uint64_t)fields_get_integer(object, "init_n", 0);
	usage = json_object_get(object, "ping_usage");
	for (size_t i = 0; i < json_array_size(usage) && i < USAGE_ITEMS; i++)
		counts->ping_usage.item[i] =
		    (uint64_t)json_integer_value(json_array_get(usage, i));
	json_decref(object);
	return 0;
}
