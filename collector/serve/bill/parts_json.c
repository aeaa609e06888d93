/* The parts of a bill: by function, day, ... */
#include "serve/bill/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/answers/answer.h"
#include "serve/bill/share.h"

/* Where the shares of a group's lines go. */
struct sharing {
	const struct bill *bill;
	const struct bill_group *group;
	struct money *totals; /* parts_n for each plan */
	json_t **lines;       /* of each part; NULL: not asked for */
};

static size_t plan_place(const struct plan *plan)
{
	size_t i = 0;

	while (plans[i] != plan)
		i++;
	return i;
}

static json_t *line_json(const struct bill_group *g, const struct bill_share_line *line)
{
	const struct price *price = line->price;
	json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:s}",
	    "plan", g->plan->name, "region", g->region, "arch",
	    g->plan->has_arch ? arch_name(g->arch) : "any", "item", line->line->item,
	    "quantity", line->quantity, "unit", line->line->unit, "amount_usd",
	    answer_money(line->amount), "list_usd", answer_money(line->list), "price",
	    answer_money(price->amount), "list_price", answer_money(price->list), "sku",
	    price->key, "provider", price->provider);

	if (object)
		(void)json_object_set_new(object, "source", json_string(price->source));
	if (object && price->discount)
		(void)json_object_set_new(object, "discount",
		    json_pack("{s:s,s:s,s:s}", "percent", price->discount->percent,
			"kind", price->discount->kind, "source",
			price->discount->source));
	return object;
}

static int add_line(void *context, size_t part, const struct bill_share_line *line)
{
	const struct sharing *s = context;
	const struct bill_group *g = s->group;
	struct money *total = &s->totals[plan_place(g->plan) * s->bill->parts_n + part];

	*total = money_add(*total, line->amount);
	if (!s->lines)
		return 0;
	if (!s->lines[part])
		s->lines[part] = json_array();
	return json_array_append_new(s->lines[part], line_json(g, line)) ? -ENOMEM : 0;
}

static json_t *totals_json(const struct sharing *s, size_t part)
{
	json_t *list = json_array();

	for (size_t i = 0; plans[i]; i++) {
		struct money total = s->totals[i * s->bill->parts_n + part];

		if (bill_why_not(s->bill, plans[i]))
			continue;
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:o}", "plan", plans[i]->name, "total_usd",
			      answer_money(total)));
	}
	return list;
}

static json_t *part_json(const struct sharing *s, size_t part, const char *by)
{
	const struct bill *bill = s->bill;
	json_t *object = json_pack("{s:s,s:o}", "value", bill->parts[part].key,
	    "invocations", answer_count(bill->parts[part].invocations));
	struct money sum = {0};

	for (size_t i = 0; plans[i]; i++)
		sum = money_add(sum, s->totals[i * bill->parts_n + part]);
	if (s->lines) {
		(void)json_object_set_new(object, "total_usd", answer_money(sum));
		(void)json_object_set_new(object, "lines",
		    s->lines[part] ? json_incref(s->lines[part]) : json_array());
	} else {
		(void)json_object_set_new(object, "totals", totals_json(s, part));
	}
	if (strcmp(by, "function") == 0) {
		json_t *tags = cost_rules_tags(bill->terms.rules, bill->parts[part].key);

		if (tags)
			(void)json_object_set_new(object, "tags", tags);
	}
	return object;
}

static json_t *parts_list(const struct sharing *s, const char *by)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < s->bill->parts_n; i++)
		(void)json_array_append_new(parts, part_json(s, i, by));
	return json_pack("{s:s,s:o,s:[s]}", "key", by, "parts", parts, "assumptions",
	    "Free quantities and cheaper tiers belong to the whole: each part bears its "
	    "share of every line by the usage that the line counts, and the parts add up "
	    "to the whole exactly.");
}

json_t *bill_parts_json(const struct bill *bill, const char *by)
{
	bool detailed = bill->terms.own || bill->terms.plan;
	struct sharing s = {.bill = bill,
	    .totals =
		calloc(COMPARE_PLANS_MAX * (bill->parts_n + 1), sizeof(struct money))};
	json_t *answer = NULL;
	int err = s.totals ? 0 : -ENOMEM;

	if (detailed)
		s.lines = calloc(bill->parts_n + 1, sizeof(json_t *));
	if (detailed && !s.lines)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < bill->n; i++) {
		s.group = &bill->groups[i];
		err = bill_share_out(bill, s.group, add_line, &s);
	}
	if (!err)
		answer = parts_list(&s, by);
	for (size_t i = 0; s.lines && i < bill->parts_n; i++)
		json_decref(s.lines[i]);
	free(s.lines);
	free(s.totals);
	return answer;
}
