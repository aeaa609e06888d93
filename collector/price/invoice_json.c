#include "price/invoice_json.h"

json_t *invoice_line_to_json(const struct invoice_line *line)
{
	char price[MONEY_TEXT_BYTES];
	char amount[MONEY_TEXT_BYTES];
	char list[MONEY_TEXT_BYTES];
	const struct discount *discount = line->price->discount;
	json_t *object;

	money_format(line->price->amount, price);
	money_format(line->amount, amount);
	object = json_pack("{ss ss ss ss ss ss ss ss ss ss sb ss ss}", "item", line->item,
	    "quantity", line->quantity, "unit", line->unit, "price", price, "amount_usd",
	    amount, "source", line->price->source, "source_title",
	    line->price->source_title, "source_url", line->price->source_url, "as_of",
	    line->price->as_of, "confidence", confidence_name(line->price->confidence),
	    "free", line->free, "sku", line->price->key, "provider",
	    line->price->provider);
	if (!object || !discount)
		return object;
	money_format(line->price->list, list);
	(void)json_object_set_new(object, "list_price", json_string(list));
	(void)json_object_set_new(object, "discount",
	    json_pack("{ss ss ss ss ss}", "percent", discount->percent, "kind",
		discount->kind, "source", discount->source, "source_title",
		discount->source_title, "as_of", discount->as_of));
	return object;
}

json_t *invoice_to_json(const struct invoice *invoice)
{
	const struct plan *plan = invoice->plan;
	char total[MONEY_TEXT_BYTES];
	json_t *lines = json_array();
	json_t *assumptions = json_array();
	int err = 0;

	for (size_t i = 0; i < invoice->lines_n; i++)
		err |= json_array_append_new(
		    lines, invoice_line_to_json(&invoice->lines[i]));
	for (const char *const *s = plan->assumptions; s && *s; s++)
		err |= json_array_append_new(assumptions, json_string(*s));
	if (invoice->assumption)
		err |=
		    json_array_append_new(assumptions, json_string(invoice->assumption));
	if (err) {
		json_decref(lines);
		json_decref(assumptions);
		return NULL;
	}
	money_format(invoice->total, total);
	return json_pack("{ss ss ss so ss so}", "plan", plan->name, "region",
	    invoice->region, "arch", plan->has_arch ? arch_name(invoice->arch) : "any",
	    "lines", lines, "total_usd", total, "assumptions", assumptions);
}
