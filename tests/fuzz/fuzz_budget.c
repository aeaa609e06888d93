/* Bodies of PUT /v1/budgets, /v1/keepwarm and /v1/anomalies, and what is kept of alerts
 * and of what was learned: what is taken survives being kept. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/budget.h"
#include "alerts/keepwarm.h"
#include "alerts/rule.h"
#include "alerts/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t bytes);

static void try_budget(const char *body, size_t bytes)
{
	struct budget budget;
	struct budget again;
	char why[BUDGET_WHY_BYTES] = "";
	int err = budget_parse("b", body, bytes, &budget, why);
	char *text;

	if (err) {
		assert(err == -EINVAL && *why);
		return;
	}
	text = budget_format(&budget);
	assert(text);
	assert(budget_parse("b", text, strlen(text), &again, why) == 0);
	assert(budget.notify_n == again.notify_n);
	assert(budget.thresholds_n == again.thresholds_n && budget.thresholds_n > 0);
	assert(strcmp(budget.function, again.function) == 0);
	assert(money_compare(budget.limit, again.limit) == 0);
	free(text);
	budget_done(&budget);
	budget_done(&again);
}

static void try_watch(const char *body, size_t bytes)
{
	struct watch watch;
	struct watch again;
	char why[WATCH_WHY_BYTES] = "";
	int err = watch_parse(body, bytes, &watch, why);
	char *text;

	if (err) {
		assert(err == -EINVAL && *why);
		return;
	}
	text = watch_format(&watch, false);
	assert(text);
	assert(watch_parse(text, strlen(text), &again, why) == 0);
	assert(watch.enabled == again.enabled && watch.notify_n == again.notify_n);
	assert(money_compare(watch.least, again.least) == 0);
	free(text);
	watch_done(&watch);
	watch_done(&again);
}

static void try_keepwarm(const char *body, size_t bytes)
{
	struct keepwarm keepwarm;
	struct keepwarm again;
	char why[KEEPWARM_WHY_BYTES] = "";
	int err = keepwarm_parse(body, bytes, NULL, &keepwarm, why);
	char *text;

	if (err) {
		assert(err == -EINVAL && *why);
		return;
	}
	text = keepwarm_format(&keepwarm);
	assert(text);
	assert(keepwarm_load(text, &again) == 0);
	assert(keepwarm.enabled == again.enabled && !keepwarm.url == !again.url);
	free(text);
	keepwarm_done(&keepwarm);
	keepwarm_done(&again);
}

static void try_alert(const char *document)
{
	struct alert alert;
	struct alert again;
	char *text;

	if (alert_parse(document, &alert) < 0)
		return;
	text = alert_format(&alert);
	assert(text);
	assert(alert_parse(text, &again) == 0);
	assert(strcmp(alert.id, again.id) == 0 && alert.state == again.state);
	assert(money_compare(alert.limit, again.limit) == 0);
	assert(alert.kind == again.kind && alert.anomaly.value == again.anomaly.value);
	free(text);
}

static void try_track(const char *document)
{
	const struct function function = {.name = "f"};
	struct track track;
	struct track again;
	char *text;

	track_init(&track, &function);
	track_init(&again, &function);
	if (keepwarm_load_track(document, &track) < 0)
		return;
	text = keepwarm_format_track(&track);
	assert(text);
	assert(keepwarm_load_track(text, &again) == 0);
	assert(track.counts.invocations == again.counts.invocations);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t bytes)
{
	char *document = calloc(1, bytes + 1);

	assert(document);
	memcpy(document, in, bytes);
	try_alert(document);
	try_track(document);
	free(document);
	try_budget((const char *)in, bytes);
	try_keepwarm((const char *)in, bytes);
	try_watch((const char *)in, bytes);
	return 0;
}
