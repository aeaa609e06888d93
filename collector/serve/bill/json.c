#include "serve/bill/json.h"

#include <stdio.h>
#include <string.h>

#include "price/invoice_json.h"
#include "serve/answers/answer.h"

static json_t *companions_json(const struct companion_bill *companions)
{
	json_t *lines = json_array();
	json_t *assumptions = json_array();

	for (size_t i = 0; i < companions->lines_n; i++)
		(void)json_array_append_new(
		    lines, invoice_line_to_json(&companions->lines[i]));
	(void)json_array_append_new(assumptions,
	    json_string("Calls for each invocation are what the settings state "
			"(companions); each cloud is priced with its own service of the "
			"kind."));
	if (companions->moved)
		(void)json_array_append_new(assumptions,
		    json_string("Where the book has no price of a service in the region, "
				"it is that of the provider's first region."));
	for (size_t i = 0; i < companions->absent_n; i++)
		(void)json_array_append_new(
		    assumptions, json_string(companions->absent[i]));
	return json_pack("{s:o,s:o,s:o}", "lines", lines, "total_usd",
	    answer_money(companions->total), "assumptions", assumptions);
}

static json_t *group_json(const struct bill *bill, const struct bill_group *group)
{
	json_t *object = invoice_to_json(group->invoice);
	json_t *assumptions = json_object_get(object, "assumptions");
	char text[PLAN_MOVED_BYTES];

	if (bill->terms.region && !group->plan->is_placeless &&
	    !bill_has_region(bill, group->plan))
		(void)json_array_insert_new(assumptions, 0,
		    json_string(plan_moved(group->plan, group->region, text)));
	if (companions_are_none(&group->calls))
		return object;
	(void)json_object_set_new(
	    object, "companions", companions_json(group->companions));
	(void)json_object_set_new(object, "with_companions_usd",
	    answer_money(money_add(group->invoice->total, group->companions->total)));
	return object;
}

json_t *bill_plans_json(const struct bill *bill)
{
	json_t *list = json_array();
	int err = 0;

	for (size_t i = 0; !err && i < bill->n; i++) {
		if (!bill_why_not(bill, bill->groups[i].plan))
			err = json_array_append_new(
			    list, group_json(bill, &bill->groups[i]));
	}
	if (!err)
		return list;
	json_decref(list);
	return NULL;
}

json_t *bill_not_priced_json(const struct bill *bill)
{
	json_t *list = NULL;

	for (size_t i = 0; plans[i]; i++) {
		const char *reason = bill_why_not(bill, plans[i]);

		if (reason && !list)
			list = json_array();
		if (reason)
			(void)json_array_append_new(
			    list, json_pack("{s:s,s:s}", "plan", plans[i]->name, "reason",
				      reason));
	}
	return list;
}

/* "1.25" of 1250. */
static json_t *speed_json(uint32_t speed)
{
	char text[INVOICE_QUANTITY_BYTES];

	invoice_format_quantity(speed, SPEED_SAME, text);
	return json_string(text);
}

static json_t *row_json(const struct bill *bill, const struct compare_row *row)
{
	json_t *object = json_pack("{s:s,s:o,s:o,s:o}", "plan", row->plan->name,
	    "total_usd", answer_money(row->total), "compute_usd",
	    answer_money(row->compute), "difference_usd", answer_money(row->difference));
	uint32_t speed = speeds_under(&bill->terms.speeds, row->plan, NULL);

	if (cost_rules_have_companions(bill->terms.rules))
		(void)json_object_set_new(
		    object, "companions_usd", answer_money(row->companions));
	if (speed != SPEED_SAME)
		(void)json_object_set_new(object, "speed", speed_json(speed));
	return object;
}

static json_t *assumptions_json(const struct bill *bill)
{
	json_t *list = json_array();
	bool timed = bill->terms.speeds.everywhere;

	for (size_t i = 0; i < COMPARE_PLANS_MAX; i++)
		timed |= bill->terms.speeds.plan[i] != 0;
	(void)json_array_append_new(list,
	    json_string(
		timed
		    ? "An invocation takes its measured time divided by the plan's speed "
		      "factor; sums are divided, not each invocation before it is "
		      "rounded."
		    : "An invocation takes as long under every plan as it was "
		      "measured."));
	if (bill->terms.speeds.everywhere)
		(void)json_array_append_new(list,
		    json_string("A factor for all plans leaves a function under its own "
				"platform's plan as it was measured."));
	(void)json_array_append_new(list,
	    json_string("Each plan bills the memory that its own rule says: the size "
			"configured, or the size in use, as its lines explain."));
	(void)json_array_append_new(
	    list, json_string(cost_rules_have_companions(bill->terms.rules)
				  ? "Companions are the calls that the settings state."
				  : "No companions (API gateway, tables, buckets, "
				    "queues): the settings "
				    "state none."));
	if (!bill->terms.free_tier)
		(void)json_array_append_new(
		    list, json_string("No free tier is taken off."));
	if (bill->terms.committed_ms && book_commitment(bill->terms.book, 0))
		(void)json_array_append_new(list,
		    json_string("What a savings plan commits to is due wherever the "
				"functions run, and is part of its provider's plans "
				"alone."));
	return list;
}

json_t *bill_comparison_json(const struct bill *bill)
{
	struct compare_row rows[COMPARE_PLANS_MAX];
	json_t *list = json_array();
	size_t n = 0;

	for (size_t i = 0; plans[i] && n < COMPARE_PLANS_MAX; i++) {
		bool used = false;

		for (size_t k = 0; k < bill->n; k++)
			used |= bill->groups[k].plan == plans[i];
		if (!used || bill_why_not(bill, plans[i]))
			continue;
		rows[n] = (struct compare_row){.plan = plans[i],
		    .companions = bill_companions(bill, plans[i]),
		    .total = bill_total(bill, plans[i])};
		rows[n].compute = money_subtract(rows[n].total, rows[n].companions);
		n++;
	}
	compare_sort(rows, n);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, row_json(bill, &rows[i]));
	return json_pack(
	    "{s:o,s:o}", "plans", list, "assumptions", assumptions_json(bill));
}
