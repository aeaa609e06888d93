#include "tui/import/tally.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "price/plan.h"
#include "tui/format.h"

/* Whether the cloud bills the time that our rule for it does. */
static void check_billed(struct import_tally *tally, const struct import_found *found)
{
	const struct plan *plan = plan_find("aws-lambda");
	struct usage usage = {0};
	uint64_t ours_ms;

	plan->count(found->invocation, &usage);
	ours_ms = usage.item[USAGE_AWS_BILLED_MS];
	tally->billed++;
	if (ours_ms == found->billed_ms)
		return;
	if (tally->differs++ > 0)
		return;
	tally->said_ms = found->billed_ms;
	tally->ours_ms = ours_ms;
	(void)text_copy(
	    tally->differing, sizeof(tally->differing), found->invocation->request_id);
}

void import_tally_take(struct import_tally *tally, const struct import_found *found)
{
	int64_t start_ns = found->invocation->start_ns;

	if (tally->read == 0 || start_ns < tally->first_ns)
		tally->first_ns = start_ns;
	if (tally->read == 0 || start_ns > tally->last_ns)
		tally->last_ns = start_ns;
	tally->read++;
	if (found->has_billed)
		check_billed(tally, found);
}

void import_tally_complain(
    struct import_tally *tally, const char *file, uint64_t line, const char *why)
{
	if (tally->bad < IMPORT_COMPLAINTS_MAX) {
		struct import_complaint *c = &tally->complaints[tally->bad];

		(void)text_copy(c->file, sizeof(c->file), file);
		text_make_printable(c->file);
		c->line = line;
		(void)text_copy(c->why, sizeof(c->why), why);
	}
	tally->bad++;
}

static size_t shown(const struct import_tally *tally)
{
	return tally->bad < IMPORT_COMPLAINTS_MAX ? (size_t)tally->bad
						  : IMPORT_COMPLAINTS_MAX;
}

/* --- JSON ------------------------------------------------------------------------------
 */

static void set_count(json_t *root, const char *key, uint64_t n)
{
	(void)json_object_set_new(root, key, json_integer((json_int_t)n));
}

static json_t *complaints_json(const struct import_tally *tally)
{
	json_t *list = json_array();

	for (size_t i = 0; i < shown(tally); i++) {
		const struct import_complaint *c = &tally->complaints[i];
		json_t *row = json_pack("{s:s,s:s}", "file", c->file, "reason", c->why);

		if (row && c->line)
			set_count(row, "line", c->line);
		(void)json_array_append_new(list, row);
	}
	return list;
}

static void set_times(json_t *root, const struct import_tally *tally)
{
	char first[CLOCK_RFC3339_BYTES];
	char last[CLOCK_RFC3339_BYTES];

	if (tally->read == 0)
		return;
	clock_format_rfc3339(tally->first_ns, first);
	clock_format_rfc3339(tally->last_ns, last);
	(void)json_object_set_new(root, "first", json_string(first));
	(void)json_object_set_new(root, "last", json_string(last));
}

json_t *import_tally_json(const struct import_tally *tally,
    const struct import_sent *sent, enum import_source source, bool is_trial)
{
	json_t *root = json_pack("{s:s}", "source", import_source_name(source));

	if (!root)
		return NULL;
	set_count(root, "read", tally->read);
	if (!is_trial) {
		set_count(root, "imported", sent->imported);
		set_count(root, "already", sent->already);
	}
	set_count(root, "bad", tally->bad);
	(void)json_object_set_new(root, "complaints", complaints_json(tally));
	set_times(root, tally);
	if (tally->billed)
		(void)json_object_set_new(root, "billed",
		    json_pack("{s:I,s:I}", "checked", (json_int_t)tally->billed, "differ",
			(json_int_t)tally->differs));
	if (tally->failed_inits)
		set_count(root, "failed_inits", tally->failed_inits);
	if (tally->sampled)
		set_count(root, "sampled", tally->sampled);
	return root;
}

/* --- for people
 * -------------------------------------------------------------------------
 */

static void print_bad(const struct import_tally *tally)
{
	printf("bad lines     %" PRIu64 "\n", tally->bad);
	for (size_t i = 0; i < shown(tally); i++) {
		const struct import_complaint *c = &tally->complaints[i];

		if (c->line)
			printf("  %s:%" PRIu64 ": %s\n", c->file, c->line, c->why);
		else
			printf("  %s: %s\n", c->file, c->why);
	}
	if (tally->bad > shown(tally))
		printf("  and %" PRIu64 " more\n", tally->bad - shown(tally));
}

static void print_billed(const struct import_tally *tally)
{
	printf("billed time   %" PRIu64 " as AWS says", tally->billed - tally->differs);
	if (tally->differs)
		printf(", %" PRIu64 " otherwise by our rule (%s: %" PRIu64
		       " ms by AWS, %" PRIu64 " ms by us)",
		    tally->differs, tally->differing, tally->said_ms, tally->ours_ms);
	putchar('\n');
}

void import_tally_print(
    const struct import_tally *tally, const struct import_sent *sent, bool is_trial)
{
	char first[FORMAT_BYTES];
	char last[FORMAT_BYTES];

	printf("read          %" PRIu64 "%s", tally->read,
	    tally->read == 1 ? " invocation" : " invocations");
	if (tally->read)
		printf(", %s to %s UTC", format_time(tally->first_ns, 0, first),
		    format_time(tally->last_ns, 0, last));
	putchar('\n');
	if (!is_trial)
		printf("imported      %" PRIu64 "\nalready there %" PRIu64 "\n",
		    sent->imported, sent->already);
	print_bad(tally);
	if (tally->billed)
		print_billed(tally);
	if (tally->failed_inits)
		printf("failed inits  %" PRIu64
		       ", which belong to no invocation and are not stored\n",
		    tally->failed_inits);
	if (tally->sampled)
		printf("sampled       %" PRIu64
		       " more requests are not in the export: turn sampling off to "
		       "count them\n",
		    tally->sampled);
}
