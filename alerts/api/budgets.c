#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/api.h"
#include "base/cleanup.h"
#include "base/text.h"

#define EVALUATE_WAIT_MS 500 /* a PUT waits so long for its figures to be there */

static const char *state_word(const struct budget_entry *entry)
{
	const struct budget *budget = &entry->budget;
	struct money spent = entry->status.spent;

	if (budget_is_reached(spent, budget->limit, 100))
		return "over";
	return budget_is_reached(spent, budget->limit, budget->thresholds[0]) ? "warning"
									      : "ok";
}

static json_t *format_thresholds(const struct budget *budget)
{
	json_t *list = json_array();

	for (size_t i = 0; i < budget->thresholds_n; i++)
		(void)json_array_append_new(list, json_integer(budget->thresholds[i]));
	return list;
}

static void add_status(json_t *object, const struct budget_entry *entry)
{
	const struct budget_status *status = &entry->status;
	uint32_t permille = budget_permille(status->spent, entry->budget.limit);

	fields_money(object, "spent_usd", status->spent);
	fields_real(object, "percent", permille / 10.0);
	fields_money(object, "per_hour_usd", status->per_hour);
	fields_money(object, "forecast_usd", status->forecast);
	fields_money(object, "forecast_low_usd", status->forecast_low);
	fields_money(object, "forecast_high_usd", status->forecast_high);
	fields_moment(object, "period_start", status->period_start_ns);
	fields_moment(object, "period_end", status->period_end_ns);
	fields_text(object, "state", state_word(entry));
	if (status->top_function[0]) {
		fields_text(object, "top_function", status->top_function);
		fields_money(object, "top_function_usd", status->top_spent);
	}
}

static json_t *format_entry(const struct budget_entry *entry)
{
	const struct budget *budget = &entry->budget;
	json_t *object = json_object();

	fields_text(object, "name", budget->name);
	fields_money(object, "limit_usd", budget->limit);
	fields_text(object, "period", budget_period_name(budget->period));
	if (budget->function[0])
		fields_text(object, "function", budget->function);
	fields_array(object, "thresholds", format_thresholds(budget));
	fields_array(
	    object, "notify", notify_format(budget->notify, budget->notify_n, true));
	if (entry->has_status)
		add_status(object, entry);
	return object;
}

int api_budgets_list(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	json_t *object = json_object();
	json_t *list = json_array();

	(void)request;
	(void)pthread_mutex_lock(&alerts->lock);
	for (size_t i = 0; i < alerts->budgets_n; i++)
		(void)json_array_append_new(list, format_entry(&alerts->budgets[i]));
	(void)pthread_mutex_unlock(&alerts->lock);
	fields_array(object, "budgets", list);
	return api_reply(reply, object);
}

static int reply_missing(struct http_reply *reply, const char *name)
{
	char shown[BUDGET_NAME_BYTES];

	(void)text_copy(shown, sizeof(shown), name);
	text_make_printable(shown);
	return http_reply_error(
	    reply, 404, "not_found", "there is no budget named %s", shown);
}

int api_budget_get(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	const struct budget_entry *entry;
	json_t *object = NULL;

	(void)pthread_mutex_lock(&alerts->lock);
	entry = state_find_budget(alerts, request->parameter[0]);
	if (entry)
		object = format_entry(entry);
	(void)pthread_mutex_unlock(&alerts->lock);
	return entry ? api_reply(reply, object)
		     : reply_missing(reply, request->parameter[0]);
}

/* Keeps the document, then the entry; the next turn of the thread evaluates it. */
static int put(struct alerts *alerts, struct budget *budget)
{
	AUTO(free) char *text = budget_format(budget);
	bool is_new;
	bool full;
	int err;

	if (!text)
		return -ENOMEM;
	(void)pthread_mutex_lock(&alerts->edit);
	(void)pthread_mutex_lock(&alerts->lock);
	is_new = !state_find_budget(alerts, budget->name);
	full = is_new && alerts->budgets_n == STATE_MAX_BUDGETS;
	(void)pthread_mutex_unlock(&alerts->lock);
	err = full ? -ENOSPC
		   : store_document_put(alerts->store, STATE_BUDGET, budget->name, text);
	if (err >= 0) {
		(void)pthread_mutex_lock(&alerts->lock);
		err = state_put_budget(alerts, budget);
		(void)pthread_mutex_unlock(&alerts->lock);
	}
	(void)pthread_mutex_unlock(&alerts->edit);
	return err < 0 ? err : is_new;
}

static void wait_for_status(struct alerts *alerts, const char *name)
{
	const struct budget_entry *entry;
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += EVALUATE_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&alerts->lock);
	entry = state_find_budget(alerts, name);
	while (entry && !entry->has_status &&
	       pthread_cond_timedwait(&alerts->evaluated, &alerts->lock, &until) == 0)
		entry = state_find_budget(alerts, name);
	(void)pthread_mutex_unlock(&alerts->lock);
}

int api_budget_put(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	struct budget budget;
	char why[BUDGET_WHY_BYTES] = "";
	int err = budget_parse(request->parameter[0], (const char *)request->body,
	    request->body_bytes, &budget, why);

	if (err == -EINVAL)
		return api_reject(reply, why);
	if (err)
		return err;
	err = put(alerts, &budget);
	if (err < 0)
		budget_done(&budget);
	if (err == -ENOSPC)
		return http_reply_error(reply, 409, "too_many",
		    "there are %d budgets already, the most that are kept",
		    STATE_MAX_BUDGETS);
	if (err < 0)
		return err;
	engine_wake(alerts);
	wait_for_status(alerts, request->parameter[0]);
	reply->status = 200;
	return api_budget_get(context, request, reply);
}

int api_budget_delete(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	struct budget_entry *entry;
	int err = -ENOENT;

	(void)pthread_mutex_lock(&alerts->edit);
	(void)pthread_mutex_lock(&alerts->lock);
	entry = state_find_budget(alerts, request->parameter[0]);
	(void)pthread_mutex_unlock(&alerts->lock);
	if (entry) /* it cannot go away: edit is held */
		err = store_document_delete(
		    alerts->store, STATE_BUDGET, request->parameter[0]);
	if (entry && (err >= 0 || err == -ENOENT)) {
		err = 0;
		(void)pthread_mutex_lock(&alerts->lock);
		entry = state_find_budget(alerts, request->parameter[0]);
		if (entry)
			state_drop_budget(alerts, entry);
		(void)pthread_mutex_unlock(&alerts->lock);
	}
	(void)pthread_mutex_unlock(&alerts->edit);
	if (err == -ENOENT)
		return reply_missing(reply, request->parameter[0]);
	if (err < 0)
		return err;
	engine_wake(alerts);
	reply->status = 204;
	return 0;
}
