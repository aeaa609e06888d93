/* An invoice as JSON: the shape of GET /v1/invoice and of the commands. */
#ifndef COLDMETER_PRICE_INVOICE_JSON_H
#define COLDMETER_PRICE_INVOICE_JSON_H

#include <jansson.h>

#include "price/invoice.h"

/* {"plan","region","arch","lines":[{"item","quantity","unit","price","amount_usd","source",
 * "source_title","source_url","as_of","confidence","free","sku","provider"}],"total_usd","assumptions":[..]}.
 * sku is the key in the price book. A
 * line with a discount also has "list_price" and "discount":{"percent","kind",
 * "source","source_title","as_of"}. Quantities and money are decimal strings; arch is
 * "any" for a plan whose prices do not depend on it. A new reference, or NULL when out of
 * memory. */
json_t *invoice_to_json(const struct invoice *invoice);

/* One of its lines. A new reference, or NULL when out of memory. */
json_t *invoice_line_to_json(const struct invoice_line *line);

#endif
