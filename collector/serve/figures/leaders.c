#include "serve/figures/leaders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"

/* Of the function what decides; its texts and the row's follow each other in memory. */
struct leader {
	struct rank_row row;
	enum platform platform;
	const char *version;
	char *json;
	char texts[];
};

void leaders_done(struct leaders *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->rows[i]->json);
		free(l->rows[i]);
	}
	free(l->rows);
	*l = (struct leaders){.choice = l->choice};
}

static int compare_names(const struct leader *a, const struct leader *b)
{
	int order = strcmp(a->row.name, b->row.name);

	if (!order)
		order = strcmp(a->version, b->version);
	return order ? order : (int)a->platform - (int)b->platform;
}

static int compare(
    const struct leader *a, const struct leader *b, const struct choice *choice)
{
	int order = rank_compare(&a->row, &b->row, choice->rank, choice->reverse);

	return order ? order : compare_names(a, b);
}

/* The place of row, which may lie above those below it, from place i down. */
static void sift_down(struct leaders *l, size_t i, struct leader *row)
{
	size_t below;

	while ((below = 2 * i + 1) < l->n) {
		if (below + 1 < l->n &&
		    compare(l->rows[below + 1], l->rows[below], &l->choice) > 0)
			below++;
		if (compare(l->rows[below], row, &l->choice) <= 0)
			break;
		l->rows[i] = l->rows[below];
		i = below;
	}
	l->rows[i] = row;
}

static void sift_up(struct leaders *l, size_t i, struct leader *row)
{
	while (i > 0 && compare(l->rows[(i - 1) / 2], row, &l->choice) < 0) {
		l->rows[i] = l->rows[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	l->rows[i] = row;
}

bool leaders_want(
    struct leaders *l, const struct rank_row *row, const struct function *function)
{
	const struct leader shown = {
	    .row = *row, .platform = function->platform, .version = function->version};

	l->seen++;
	return l->n < l->choice.limit || compare(&shown, l->rows[0], &l->choice) < 0;
}

static struct leader *leader_new(
    const struct rank_row *row, const struct function *function)
{
	size_t name_bytes = strlen(row->name) + 1;
	size_t version_bytes = strlen(function->version) + 1;
	struct leader *leader = malloc(sizeof(*leader) + name_bytes + version_bytes);

	if (!leader)
		return NULL;
	leader->row = *row;
	leader->row.item = NULL;
	leader->row.rollup = NULL;
	leader->row.name = memcpy(leader->texts, row->name, name_bytes);
	leader->version =
	    memcpy(leader->texts + name_bytes, function->version, version_bytes);
	leader->platform = function->platform;
	leader->json = NULL;
	return leader;
}

int leaders_put(struct leaders *l, const struct rank_row *row,
    const struct function *function, char *text)
{
	struct leader *leader = text ? leader_new(row, function) : NULL;

	if (!leader || ROOM_FOR_ONE(l->rows, l->n, l->room) < 0) {
		free(text);
		free(leader);
		return -ENOMEM;
	}
	leader->json = text;
	if (l->n < l->choice.limit) {
		sift_up(l, l->n++, leader);
		return 0;
	}
	free(l->rows[0]->json);
	free(l->rows[0]);
	sift_down(l, 0, leader);
	return 0;
}

/* Moves the last of the list behind the heap, again and again: so it lies in order. */
static void sort(struct leaders *l)
{
	size_t n = l->n;

	while (l->n > 1) {
		struct leader *last = l->rows[0];
		struct leader *row = l->rows[--l->n];

		sift_down(l, 0, row);
		l->rows[l->n] = last;
	}
	l->n = n;
}

void leaders_write(struct leaders *l, struct json_out *out)
{
	sort(l);
	json_out_open_list(out, "functions");
	for (size_t i = 0; i < l->n; i++) {
		json_out_json(out, NULL, l->rows[i]->json);
		free(l->rows[i]->json);
		l->rows[i]->json = NULL;
	}
	json_out_close_list(out);
	leaders_done(l);
}
