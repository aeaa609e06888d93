/* A JSON object that describes like invocations, turned into their usage. */
#ifndef COLDMETER_PRICE_ESTIMATE_DESCRIBE_H
#define COLDMETER_PRICE_ESTIMATE_DESCRIBE_H

#include "price/estimate.h"
#include "price/json_check.h"

/* 0, or -EBADMSG with the sentence written. */
int estimate_describe(
    const struct check *c, const struct place *at, struct estimate_part *out);

#endif
