#include "price/book/commitment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "price/book/discount.h"

/* Each takes up to two lines of INVOICE_MAX_LINES beside a plan's own. */
#define COMMITMENTS_MAX 12
#define DOLLAR ((__int128)1000000000000LL)
/* Of all hours of a month less than 2^64 pico-dollars. */
#define PER_HOUR_MAX (10000 * DOLLAR)

static const struct commitment *find(const struct book_reader *r, const char *name)
{
	for (size_t i = 0; i < r->commitments_n; i++)
		if (strcmp(r->commitments[i]->name, name) == 0)
			return r->commitments[i];
	return NULL;
}

static int read_amount(
    const struct book_reader *r, const struct place *at, struct money *out)
{
	const char *text;
	struct money amount;
	int err = check_string(&r->check, at, "usd_per_hour", &text);

	if (err)
		return err;
	if (money_parse(text, &amount) < 0 || amount.pico <= 0 ||
	    amount.pico > PER_HOUR_MAX)
		return check_refuse(&r->check, at, "usd_per_hour",
		    "must be a decimal above 0 and at most 10000, not \"%.40s\"", text);
	*out = amount;
	return 0;
}

static int read_one(struct book_reader *r, const json_t *object, size_t i)
{
	static const char *const members[] = {
	    "name", "usd_per_hour", "source", "as_of", "note", NULL};
	struct commitment *out = calloc(1, sizeof(*out));
	struct place at = {.object = object};
	const char *note;
	int err = out ? 0 : -ENOMEM;

	if (err)
		return err;
	(void)snprintf(at.path, sizeof(at.path), "commitments[%zu]", i);
	out->price = (struct price){.provider = r->provider,
	    .key = "savings-plan",
	    .region = "*",
	    .unit = "USD",
	    .tier_until = UINT64_MAX,
	    .amount = {DOLLAR},
	    .list = {DOLLAR},
	    .confidence = CONFIDENCE_VERIFIED};
	err = check_is_object(&r->check, &at);
	if (!err)
		err = check_members(&r->check, &at, members);
	if (!err)
		err = check_string(&r->check, &at, "name", &out->name);
	if (!err && find(r, out->name))
		err = check_refuse(
		    &r->check, &at, "name", "is that of another commitment, too");
	if (!err)
		err = read_amount(r, &at, &out->per_hour);
	if (!err)
		err = book_check_source(r, &at, &out->price);
	if (!err)
		err = book_check_date(&r->check, &at, "as_of", &out->price.as_of);
	if (!err && json_object_get(object, "note"))
		err = check_string(&r->check, &at, "note", &note);
	if (err)
		free(out);
	else
		r->commitments[r->commitments_n++] = out;
	return err;
}

int book_commitments_read(struct book_reader *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "commitments");
	struct place top = {.object = root};
	const json_t *object;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > COMMITMENTS_MAX)
		return check_refuse(&r->check, &top, "commitments",
		    "must be a list of 1 to %d commitments", COMMITMENTS_MAX);
	r->commitments = calloc(json_array_size(list), sizeof(struct commitment *));
	if (!r->commitments)
		return -ENOMEM;
	json_array_foreach(list, i, object)
	{
		int err = read_one(r, object, i);

		if (err)
			return err;
	}
	return 0;
}

int book_commitment_find(
    const struct book_reader *r, const struct place *at, const struct commitment **out)
{
	const char *name;
	int err;

	*out = NULL;
	if (!json_object_get(at->object, "commitment"))
		return 0;
	err = check_string(&r->check, at, "commitment", &name);
	if (err)
		return err;
	*out = find(r, name);
	return *out ? 0
		    : check_refuse(&r->check, at, "commitment",
			  "\"%.60s\" is not among the commitments", name);
}

int book_commitments_check(const struct book_reader *r)
{
	for (size_t i = 0; i < r->commitments_n; i++) {
		struct place at = {.object = NULL};
		size_t k = 0;

		while (
		    k < r->discounts_n && r->discounts[k].commitment != r->commitments[i])
			k++;
		if (k < r->discounts_n)
			continue;
		(void)snprintf(at.path, sizeof(at.path), "commitments[%zu]", i);
		return check_refuse(
		    &r->check, &at, NULL, "no discount names it as its commitment");
	}
	return 0;
}

void book_commitments_free(struct commitment **commitments, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(commitments[i]);
	free(commitments);
}
