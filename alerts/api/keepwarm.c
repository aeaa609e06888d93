#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/api.h"
#include "alerts/keepwarm/init_cost.h"
#include "alerts/url.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define BEFORE_NS (3600 * CLOCK_NS_PER_S) /* what "cold_before" counts */

static void add_learned(json_t *object, const struct warm *warm)
{
	struct idle_life_bracket bracket;

	idle_life_bracket(&warm->track.life, &bracket);
	if (warm->settings.idle_life_s > 0)
		bracket.life_s = warm->settings.idle_life_s;
	if (bracket.life_s > 0)
		fields_real(object, "idle_life_s", bracket.life_s);
	if (bracket.warm_max_s > 0)
		fields_real(object, "warm_max_s", bracket.warm_max_s);
	if (bracket.cold_min_s > 0)
		fields_real(object, "cold_min_s", bracket.cold_min_s);
	fields_integer(object, "samples", (int64_t)warm->track.life.samples);
	fields_real(
	    object, "ping_after_s", keepwarm_ping_s(&warm->settings, &warm->track));
}

static void add_last_ping(json_t *object, const struct warm *warm)
{
	json_t *last;

	if (warm->last_ping_ns)
		fields_moment(object, "last_ping", warm->last_ping_ns);
	if (!warm->has_result)
		return;
	last = json_object();
	fields_integer(last, "status", warm->last.status);
	fields_real(last, "seconds", warm->last.seconds);
	if (warm->last.error[0])
		fields_text(last, "error", warm->last.error);
	fields_array(object, "last_ping_result", last);
}

static void add_money(
    json_t *object, const struct alerts *alerts, const struct warm *warm)
{
	const struct track *track = &warm->track;
	const struct track_counts *counts = &track->counts;
	struct money cost =
	    init_cost_usage(alerts->book, &track->function, &counts->ping_usage);
	struct money init = init_cost(
	    alerts->book, &track->function, track_init_mean_ns(track), clock_wall_ns());
	struct money saved = money_scale(init, counts->cold_avoided, 1);
	char why[KEEPWARM_WHY_BYTES];
	bool pays = keepwarm_explain(track, warm->settings.pings, cost, saved, why);

	fields_money(object, "ping_cost_usd", cost);
	fields_integer(object, "cold_avoided", (int64_t)counts->cold_avoided);
	fields_money(object, "saved_usd", saved);
	fields_money(object, "net_usd", money_subtract(saved, cost));
	fields_real(object, "saved_s",
	    (double)track_init_mean_ns(track) / CLOCK_NS_PER_S *
		(double)counts->cold_avoided);
	fields_bool(object, "pays", pays);
	fields_text(object, "why", why);
}

static void add_trouble(json_t *object, const struct warm *warm)
{
	char why[KEEPWARM_WHY_BYTES];

	if (keepwarm_trouble(&warm->settings, warm->unseen,
		warm->has_result ? &warm->last : NULL, why))
		fields_text(object, "trouble", why);
}

static void add_settings(json_t *object, const struct keepwarm *settings)
{
	char shown[URL_MAX_BYTES];

	fields_bool(object, "enabled", settings->enabled);
	if (settings->url) {
		url_show(settings->url, shown, sizeof(shown));
		fields_text(object, "ping_url", shown);
	}
	fields_text(object, "method", settings->post ? "POST" : "GET");
	if (settings->since_ns)
		fields_moment(object, "since", settings->since_ns);
}

static json_t *format_warm(
    const struct alerts *alerts, const struct warm *warm, int64_t now_ns)
{
	const struct track_counts *counts = &warm->track.counts;
	json_t *object = json_object();
	struct keepwarm_decision decision;

	keepwarm_decide(&warm->settings, &warm->track, warm->last_ping_ns,
	    state_is_over(alerts, warm->name), now_ns, &decision);
	fields_text(object, "function", warm->name);
	add_settings(object, &warm->settings);
	fields_text(object, "state", keepwarm_state_name(decision.state));
	add_learned(object, warm);
	if (decision.next_ns)
		fields_moment(object, "next_ping",
		    decision.next_ns > now_ns ? decision.next_ns : now_ns);
	add_last_ping(object, warm);
	fields_integer(object, "pings", (int64_t)warm->settings.pings);
	fields_integer(object, "pings_seen", (int64_t)counts->pings_seen);
	fields_integer(object, "pings_cold", (int64_t)counts->pings_cold);
	add_money(object, alerts, warm);
	add_trouble(object, warm);
	fields_integer(object, "cold_before", (int64_t)warm->settings.cold_before);
	fields_integer(object, "cold_since", (int64_t)counts->cold);
	return object;
}

/* Those that were ever switched on; with ?all=true every function that is followed. */
int api_keepwarm_list(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	const char *all = http_query(request, "all");
	int64_t now_ns = clock_wall_ns();
	json_t *object = json_object();
	json_t *list = json_array();

	(void)pthread_mutex_lock(&alerts->lock);
	for (size_t i = 0; i < alerts->warm_n; i++)
		if (alerts->warm[i]->is_set || (all && strcmp(all, "true") == 0))
			(void)json_array_append_new(
			    list, format_warm(alerts, alerts->warm[i], now_ns));
	(void)pthread_mutex_unlock(&alerts->lock);
	fields_array(object, "keepwarm", list);
	return api_reply(reply, object);
}

int api_keepwarm_get(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	const struct warm *warm;
	json_t *object = NULL;

	(void)pthread_mutex_lock(&alerts->lock);
	warm = state_find_warm(alerts, request->parameter[0]);
	if (warm)
		object = format_warm(alerts, warm, clock_wall_ns());
	(void)pthread_mutex_unlock(&alerts->lock);
	if (!warm)
		return http_reply_error(reply, 404, "not_found",
		    "nothing is known of a function of that name");
	return api_reply(reply, object);
}

static int add_span(void *context, const struct store_span *span)
{
	return span->add ? span->add(span, context) : 0;
}

struct before {
	bool enabled;
	bool set; /* ever switched on */
};

/* Reads what is there, under the lock; *before keeps nothing borrowed. */
static int parse_change(struct alerts *alerts, const struct http_request *request,
    struct keepwarm *settings, struct before *before, char *why)
{
	const struct warm *warm;
	int err;

	(void)pthread_mutex_lock(&alerts->lock);
	warm = state_find_warm(alerts, request->parameter[0]);
	before->enabled = warm && warm->settings.enabled;
	before->set = warm && warm->is_set;
	err = keepwarm_parse((const char *)request->body, request->body_bytes,
	    warm ? &warm->settings : NULL, settings, why);
	(void)pthread_mutex_unlock(&alerts->lock);
	return err;
}

/* A switch starts the counts anew, so that they compare like with like. */
static int note_switch(struct alerts *alerts, const char *function, int64_t now_ns,
    struct keepwarm *settings)
{
	const struct store_window before = {
	    .since_ns = now_ns - BEFORE_NS, .until_ns = now_ns, .function = function};
	struct rollup sum = {0};
	int err = 0;

	settings->since_ns = now_ns;
	if (!settings->enabled)
		return 0;
	settings->pings = 0;
	settings->cold_before = 0;
	err = store_scan_spans(alerts->store, &before, add_span, &sum);
	settings->cold_before = sum.cold;
	rollup_done(&sum);
	return err < 0 ? err : 0;
}

static int put(
    struct alerts *alerts, const char *function, struct keepwarm *settings, bool switched)
{
	AUTO(free) char *text = keepwarm_format(settings);
	struct warm *warm;
	int err;

	if (!text)
		return -ENOMEM;
	err = store_document_put(alerts->store, STATE_KEEPWARM, function, text);
	if (err < 0)
		return err;
	(void)pthread_mutex_lock(&alerts->lock);
	warm = state_get_warm(alerts, function);
	if (warm) {
		keepwarm_done(&warm->settings);
		warm->settings = *settings;
		warm->is_set = true;
		warm->unsaved = true;
		if (switched && settings->enabled)
			warm->track.counts = (struct track_counts){0};
	}
	(void)pthread_mutex_unlock(&alerts->lock);
	return warm ? 0 : -ENOMEM;
}

static int apply(struct alerts *alerts, const struct http_request *request,
    struct keepwarm *settings, bool was_enabled)
{
	bool switched = settings->enabled != was_enabled;
	int err = 0;

	if (switched)
		err =
		    note_switch(alerts, request->parameter[0], clock_wall_ns(), settings);
	return err ? err : put(alerts, request->parameter[0], settings, switched);
}

int api_keepwarm_put(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	const char *function = request->parameter[0];
	struct keepwarm settings = {0};
	char why[KEEPWARM_WHY_BYTES] = "";
	struct before before;
	int err;

	if (!*function || strlen(function) >= FUNCTION_NAME_BYTES)
		return api_reject(reply, "a function's name has 1 to 159 bytes");
	(void)pthread_mutex_lock(&alerts->edit);
	err = parse_change(alerts, request, &settings, &before, why);
	if (!err && !settings.enabled && !before.set) {
		keepwarm_done(
		    &settings); /* off it is; a stranger is told by the answer */
	} else if (!err) {
		err = apply(alerts, request, &settings, before.enabled);
		if (err)
			keepwarm_done(&settings);
	}
	(void)pthread_mutex_unlock(&alerts->edit);
	if (err == -EINVAL)
		return api_reject(reply, why);
	if (err)
		return err;
	engine_wake(alerts);
	return api_keepwarm_get(context, request, reply);
}
