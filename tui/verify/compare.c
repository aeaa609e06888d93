#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "tui/verify.h"
#include "wire/json.h"

int verify_errors_add(struct verify_errors *errors, double error)
{
	if (ROOM_FOR_ONE(errors->each, errors->n, errors->room) < 0)
		return -ENOMEM;
	errors->each[errors->n++] = fabs(error);
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return *x < *y ? -1 : *x > *y;
}

double verify_errors_at(struct verify_errors *errors, double share)
{
	size_t at = (size_t)((double)errors->n * share);

	if (!errors->n)
		return NAN;
	qsort(errors->each, errors->n, sizeof(errors->each[0]), by_size);
	return errors->each[at < errors->n ? at : errors->n - 1];
}

void verify_errors_done(struct verify_errors *errors)
{
	free(errors->each);
	*errors = (struct verify_errors){0};
}

struct truths {
	struct verify_truth *each; /* in order of id */
	size_t n;
	int64_t listening_ns;
};

static int by_id(const void *a, const void *b)
{
	const struct verify_truth *x = a;
	const struct verify_truth *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static bool parse_truth(const char *line, struct verify_truth *truth)
{
	char *at;

	truth->id = strtoull(line, &at, 16);
	truth->begin_ns = strtoll(at, &at, 10);
	truth->end_ns = strtoll(at, &at, 10);
	truth->cpu_ns = strtoll(at, &at, 10);
	truth->peak_bytes = strtoll(at, &at, 10);
	truth->held_ns = strtoll(at, &at, 10);
	return *at == '\n';
}

static int read_truths(FILE *file, struct truths *truths)
{
	char line[256];
	size_t room = 0;

	while (fgets(line, sizeof(line), file)) {
		struct verify_truth truth;
		char *at;

		if (strncmp(line, "listening ", 10) == 0) {
			(void)strtol(line + 10, &at, 10);
			truths->listening_ns = strtoll(at, NULL, 10);
			continue;
		}
		if (!parse_truth(line, &truth))
			continue;
		if (ROOM_FOR_ONE(truths->each, truths->n, room) < 0)
			return -ENOMEM;
		truths->each[truths->n++] = truth;
	}
	if (truths->n)
		qsort(truths->each, truths->n, sizeof(truths->each[0]), by_id);
	return 0;
}

static int compare_one(const struct invocation *inv, const struct verify_truth *truth,
    struct verify_row *row)
{
	double real_ns = (double)(truth->end_ns - truth->begin_ns);
	int err = 0;

	if (truth->held_ns > VERIFY_HELD_NS)
		row->set_aside++;
	else
		err = verify_errors_add(
		    &row->duration_ms, ((double)inv->duration_ns - real_ns) / 1e6);

	if (!err && inv->has & HAS_CPU && !(inv->quality & QUALITY_CPU_ESTIMATE))
		err = verify_errors_add(
		    &row->cpu_ms, ((double)inv->cpu_ns - (double)truth->cpu_ns) / 1e6);
	if (!err && truth->peak_bytes && inv->has & HAS_MEMORY &&
	    !(inv->quality & QUALITY_MEMORY_BOUND))
		err = verify_errors_add(&row->memory_mb,
		    ((double)inv->peak_memory_bytes - (double)truth->peak_bytes) /
			1048576.0);
	return err;
}

/* Trace id of 32 digits, as the load made it; 0: not one of ours. */
static uint64_t id_of(const struct invocation *inv)
{
	return strlen(inv->trace_id) == 32 ? strtoull(inv->trace_id + 16, NULL, 16) : 0;
}

int verify_compare(FILE *seen, FILE *truth, const char *function, int64_t started_ns,
    struct verify_row *row)
{
	char line[JSON_LINE_MAX_BYTES];
	struct truths truths = {0};
	int err = read_truths(truth, &truths);

	row->asked = truths.n;
	while (!err && fgets(line, sizeof(line), seen)) {
		struct invocation inv;
		struct function who;
		const char *why;
		struct verify_truth key = {0};
		const struct verify_truth *real;

		if (line[0] != '{' ||
		    json_parse_invocation(line, strlen(line), &inv, &who, NULL, &why) ||
		    strcmp(who.name, function) != 0)
			continue;
		row->measured++;
		if (inv.has & HAS_INIT)
			err = verify_errors_add(&row->init_ms,
			    ((double)inv.init_ns -
				(double)(truths.listening_ns - started_ns)) /
				1e6);
		key.id = id_of(&inv);
		real = truths.n ? bsearch(&key, truths.each, truths.n, sizeof(key), by_id)
				: NULL;
		if (real && !err)
			err = compare_one(&inv, real, row);
	}
	free(truths.each);
	return err;
}
