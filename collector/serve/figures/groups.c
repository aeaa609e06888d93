#include "serve/figures/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "base/text.h"
#include "serve/figures/cost.h"

_Static_assert((GROUPS_MAX & (GROUPS_MAX - 1)) == 0 && GROUPS_MAX < UINT16_MAX,
    "places are masked, and numbered in 16 bits");

static bool is_group(const struct group *group, const struct group_key *key)
{
	return strcmp(group->name, key->name) == 0 &&
	       strcmp(group->function, key->of) == 0;
}

static uint64_t hash_key(const struct group_key *key) /* FNV-1a */
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const char *c = key->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (const char *c = key->of; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* The entry of that group, or the free one where it belongs: half of them are free. */
static uint16_t *probe_group(struct groups *groups, const struct group_key *key)
{
	size_t mask = sizeof(groups->places) / sizeof(groups->places[0]) - 1;
	size_t i = (size_t)hash_key(key) & mask;

	while (groups->places[i] && !is_group(&groups->rows[groups->places[i] - 1], key))
		i = (i + 1) & mask;
	return &groups->places[i];
}

static int find_group(struct groups *groups, const struct group_key *key, size_t *at)
{
	struct group *group;
	uint16_t *place;

	if (groups->last < groups->n && is_group(&groups->rows[groups->last], key)) {
		*at = groups->last;
		return 0;
	}
	place = probe_group(groups, key);
	groups->last = *at = *place ? *place - 1U : groups->n;
	if (*place)
		return 0;
	if (groups->n == GROUPS_MAX)
		return -E2BIG;
	if (ROOM_FOR_ONE(groups->rows, groups->n, groups->room) < 0)
		return -ENOMEM;
	group = &groups->rows[groups->n++];
	*group = (struct group){.first_s = INT64_MAX};
	(void)text_copy(group->name, sizeof(group->name), key->name);
	(void)text_copy(group->function, sizeof(group->function), key->of);
	*place = (uint16_t)groups->n;
	return 0;
}

/* The entry of the function in that group, or the free one where it belongs. */
static uint32_t *probe(
    const struct groups *groups, uint32_t group, const struct function *function)
{
	size_t mask = groups->table_size - 1;
	size_t i = (function_hash(function) + group * 0x9e3779b97f4a7c15U) & mask;

	for (; groups->table[i]; i = (i + 1) & mask) {
		const struct group_function *f = &groups->functions[groups->table[i] - 1];

		if (f->group == group && function_is_same(&f->function, function))
			break;
	}
	return &groups->table[i];
}

/* Room for one more function; the table stays at most half full. */
static int make_room(struct groups *groups)
{
	size_t room = groups->functions_room ? groups->functions_room * 2 : 64;
	struct group_function *functions;
	uint32_t *table;

	if (groups->functions_n < groups->functions_room)
		return 0;
	if (groups->functions_n == GROUPS_FUNCTIONS_MAX)
		return -E2BIG;
	functions = reallocarray(groups->functions, room, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	groups->functions = functions;
	table = calloc(room * 2, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(groups->table);
	groups->table = table;
	groups->table_size = room * 2;
	groups->functions_room = room;
	for (size_t i = 0; i < groups->functions_n; i++)
		*probe(groups, functions[i].group, &functions[i].function) =
		    (uint32_t)i + 1;
	return 0;
}

int groups_find(struct groups *groups, const struct group_key *key,
    const struct function *function, struct group **group, struct group_function **member)
{
	size_t at = 0;
	uint32_t *entry;
	int err = find_group(groups, key, &at);

	if (!err)
		err = make_room(groups);
	if (err)
		return err;
	entry = probe(groups, (uint32_t)at, function);
	if (!*entry) {
		groups->functions[groups->functions_n++] =
		    (struct group_function){.function = *function, .group = (uint32_t)at};
		groups->rows[at].functions_n++;
		*entry = (uint32_t)groups->functions_n;
	}
	*group = &groups->rows[at];
	*member = &groups->functions[*entry - 1];
	return 0;
}

void groups_price(const struct groups *groups, const struct book *book,
    struct money *costs, bool *known)
{
	for (size_t i = 0; i < groups->n; i++) {
		costs[i] = (struct money){0};
		known[i] = true;
	}
	for (size_t i = 0; i < groups->functions_n; i++) {
		const struct group_function *f = &groups->functions[i];
		struct money cost = {0};

		if (cost_of(book, &f->function, &f->usage, &cost) < 0)
			known[f->group] = false;
		costs[f->group] = money_add(costs[f->group], cost);
	}
}

void groups_done(struct groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		rollup_done(&groups->rows[i].rollup);
	free(groups->rows);
	free(groups->functions);
	free(groups->table);
	*groups = (struct groups){0};
}
