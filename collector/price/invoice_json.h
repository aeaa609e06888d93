/* An invoice as JSON: the shape of GET /v1/invoice and of the commands. */
#ifndef COLDMETER_PRICE_INVOICE_JSON_H
#define COLDMETER_PRICE_INVOICE_JSON_H

#include <jansson.h>

#include "price/invoice.h"

/* {"plan","region","arch","lines":[{"item","quantity","unit","price","amount_usd","source",
 * "source_title","source_url","as_of","confidence","free"}],"total_usd","assumptions":[..]}.
 * Quantities and money are decimal strings; arch is "any" for a plan whose prices do not
 * depend on it. A new reference, or NULL when out of memory. */
json_t *invoice_to_json(const struct invoice *invoice);

#endif
