#include "alerts/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/fields.h"
#include "base/text.h"

static const char *const keys[] = {"enabled", "least_usd", "notify", NULL};

void watch_default(struct watch *watch)
{
	*watch = (struct watch){.enabled = true,
	    .least = {.pico = (__int128)WATCH_LEAST_USD * 1000000000000}};
}

void watch_done(struct watch *watch)
{
	notify_done(watch->notify, watch->notify_n);
	watch->notify_n = 0;
}

static int reject(char *why, const char *what)
{
	(void)snprintf(why, WATCH_WHY_BYTES, "%s", what);
	return -EINVAL;
}

static int parse_object(json_t *object, struct watch *watch, char *why)
{
	const json_t *enabled = json_object_get(object, "enabled");
	const json_t *least = json_object_get(object, "least_usd");
	const char *stranger = fields_find_stranger(object, keys);

	if (stranger) {
		(void)snprintf(why, WATCH_WHY_BYTES, "unknown key \"%.60s\"", stranger);
		text_make_printable(why);
		return -EINVAL;
	}
	if (enabled && !json_is_boolean(enabled))
		return reject(why, "enabled must be true or false");
	if (enabled)
		watch->enabled = json_is_true(enabled);
	if (least && (!json_is_string(least) ||
			 money_parse(json_string_value(least), &watch->least) < 0 ||
			 watch->least.pico < 0))
		return reject(why,
		    "least_usd must be a decimal string of 0 or more, such as \"1.00\"");
	return notify_parse(json_object_get(object, "notify"), watch->notify,
	    &watch->notify_n, why, WATCH_WHY_BYTES);
}

int watch_parse(const char *body, size_t body_bytes, struct watch *out, char *why)
{
	json_t *object = fields_parse(body, body_bytes, why, WATCH_WHY_BYTES);
	struct watch watch;
	int err;

	if (!object)
		return -EINVAL;
	watch_default(&watch);
	err = parse_object(object, &watch, why);
	json_decref(object);
	if (err)
		watch_done(&watch);
	else
		*out = watch;
	return err;
}

char *watch_format(const struct watch *watch, bool masked)
{
	json_t *object = json_object();

	fields_bool(object, "enabled", watch->enabled);
	fields_money(object, "least_usd", watch->least);
	fields_array(
	    object, "notify", notify_format(watch->notify, watch->notify_n, masked));
	return fields_take(object);
}
