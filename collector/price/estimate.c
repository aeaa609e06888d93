#include "price/estimate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "base/text.h"
#include "price/estimate/describe.h"

#define PARTS_MAX 4096

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

struct estimate *estimate_new(const struct estimate_options *options)
{
	struct estimate *estimate = calloc(1, sizeof(*estimate));

	if (estimate)
		estimate->options = *options;
	return estimate;
}

void estimate_free(struct estimate *estimate)
{
	if (!estimate)
		return;
	free(estimate->parts);
	free(estimate);
}

static bool is_same_place(const struct estimate_part *a, const struct estimate_part *b)
{
	return a->arch == b->arch && a->free_tier == b->free_tier &&
	       a->billable == b->billable && !strcmp(a->region, b->region);
}

static int append(struct estimate *estimate, const struct estimate_part *part)
{
	if (estimate->parts_n == PARTS_MAX)
		return -E2BIG;
	if (ROOM_FOR_ONE(estimate->parts, estimate->parts_n, estimate->parts_room) < 0)
		return -ENOMEM;
	estimate->parts[estimate->parts_n++] = *part;
	return 0;
}

/* Sums, or -ERANGE with nothing changed: a calculator must not saturate. */
static int sum(struct usage *into, const struct usage *from)
{
	struct usage all;

	for (int i = 0; i < USAGE_ITEMS; i++) {
		if (__builtin_add_overflow(into->item[i], from->item[i], &all.item[i]))
			return -ERANGE;
	}
	*into = all;
	return 0;
}

static int add_part(struct estimate *estimate, struct estimate_part *part)
{
	const struct estimate_options *options = &estimate->options;

	if (options->region)
		(void)text_copy(part->region, sizeof(part->region), options->region);
	if (options->arch != ARCH_UNKNOWN)
		part->arch = options->arch;
	part->free_tier |= options->free_tier;
	for (size_t i = 0; i < estimate->parts_n; i++) {
		struct estimate_part *known = &estimate->parts[i];

		if (!is_same_place(known, part))
			continue;
		if (part->memory_mb > known->memory_mb)
			known->memory_mb = part->memory_mb;
		if (!stated_merge(&known->stated, &part->stated))
			return -ERANGE;
		return sum(&known->usage, &part->usage);
	}
	return append(estimate, part);
}

int estimate_add_invocation(struct estimate *estimate, const struct invocation *inv)
{
	struct estimate_part part = {
	    .arch = inv->function->arch, .billable = ESTIMATE_ALL};

	(void)text_copy(part.region, sizeof(part.region), inv->function->region);
	plan_count_all(inv, &part.usage);
	return add_part(estimate, &part);
}

static int add_object(
    struct estimate *estimate, const struct check *check, const struct place *at)
{
	struct estimate_part part;
	int err = estimate_describe(check, at, &part);

	if (err < 0)
		return err;
	if (part.host.is_there && estimate->host.is_there &&
	    !own_host_is_same(&part.host, &estimate->host))
		return check_refuse(check, at, "host_usd_per_hour",
		    "is of another machine than the one before");
	if (part.host.is_there)
		estimate->host = part.host;
	err = add_part(estimate, &part);
	if (err == -ERANGE)
		return check_refuse(
		    check, at, NULL, "the sum is too much to count in 64 bits");
	if (err == -E2BIG)
		return check_refuse(check, at, NULL,
		    "more than %d places (region, architecture)", PARTS_MAX);
	if (err == -ENOMEM)
		(void)check_refuse(check, at, NULL, "out of memory");
	return err;
}

int estimate_add_described(struct estimate *estimate, const char *json, size_t json_bytes,
    char *why, size_t why_size)
{
	const struct check check = {.why = why, .why_size = why_size};
	struct place at = {.object = NULL};
	json_error_t error;
	AUTO(json)
	json_t *root = json_loadb(json, json_bytes, JSON_REJECT_DUPLICATES, &error);
	const json_t *object;
	size_t i;

	if (why_size > 0)
		why[0] = '\0';
	if (!root)
		return check_refuse(&check, &at, NULL, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	at.object = root;
	if (!json_is_array(root))
		return add_object(estimate, &check, &at);
	if (json_array_size(root) == 0)
		return check_refuse(&check, &at, NULL, "the list is empty");
	json_array_foreach(root, i, object)
	{
		at.object = object;
		(void)snprintf(at.path, sizeof(at.path), "[%zu]", i);
		int err = add_object(estimate, &check, &at);

		if (err < 0)
			return err;
	}
	return 0;
}
