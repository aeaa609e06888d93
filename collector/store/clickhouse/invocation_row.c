#include "store/clickhouse/invocation_row.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/varint.h"
#include "wire/batch/coldstart.h"

#define HOUR_NS 3600000000000LL

/* day: of arrival, so that a block is one part, and days are forgotten by dropping a
 * partition. hour leads the key: a window of time is one range of it, and inside of each
 * hour a function's rows lie together. batch: a hash of (agent, boot, sequence); row: the
 * place in it. The other columns are those of struct invocation; init_story (its eight
 * figures as varints) and coldstart (the coding of batches) are "" when unknown. */
const struct invocation_column invocation_columns[INVOCATION_COLUMNS] = {
    {"day", "UInt32", 4},
    {"hour", "Int64", 8},
    {"fn", "UInt64", 8},
    {"start_ns", "Int64", 8},
    {"batch", "UInt64", 8},
    {"row", "UInt16", 2},
    {"host", "String", 0},
    {"kind", "UInt8", 1},
    {"status", "UInt8", 1},
    {"start_type", "UInt8", 1},
    {"cause", "UInt8", 1},
    {"certainty", "UInt8", 1},
    {"ping", "UInt8", 1},
    {"has", "UInt32", 4},
    {"quality", "UInt32", 4},
    {"duration_ns", "UInt64", 8},
    {"response_ns", "UInt64", 8},
    {"init_ns", "UInt64", 8},
    {"wait_ns", "UInt64", 8},
    {"cpu_ns", "UInt64", 8},
    {"run_queue_ns", "UInt64", 8},
    {"throttled_ns", "UInt64", 8},
    {"busy_ns", "UInt64", 8},
    {"peak_memory_bytes", "UInt64", 8},
    {"request_bytes", "UInt64", 8},
    {"response_bytes", "UInt64", 8},
    {"concurrency", "UInt32", 4},
    {"pid", "UInt32", 4},
    {"http_status", "UInt16", 2},
    {"memory_limit_mb", "UInt32", 4},
    {"arch", "UInt8", 1},
    {"region", "String", 0},
    {"request_id", "String", 0},
    {"sandbox", "String", 0},
    {"trace_id", "String", 0},
    {"init_story", "String", 0},
    {"coldstart", "String", 0},
};

int64_t invocation_row_hour(int64_t ns)
{
	int64_t hour = ns / HOUR_NS;

	return ns % HOUR_NS < 0 ? hour - 1 : hour;
}

char *invocation_row_list(bool types)
{
	char *list = NULL;
	size_t n;
	FILE *f = open_memstream(&list, &n);

	if (!f)
		return NULL;
	for (size_t i = 0; i < INVOCATION_COLUMNS; i++)
		(void)fprintf(f, "%s%s%s%s", i ? ", " : "", invocation_columns[i].name,
		    types ? " " : "", types ? invocation_columns[i].type : "");
	if (fclose(f) == 0)
		return list;
	free(list);
	return NULL;
}

static void get_story(struct row_in *in, struct init_story *story)
{
	uint64_t figures[INVOCATION_STORY_FIGURES] = {0};
	const uint8_t *bytes;
	size_t n = row_get_bytes(in, &bytes);

	for (size_t i = 0; n > 0 && i < INVOCATION_STORY_FIGURES; i++) {
		ssize_t took = varint_decode(bytes, n, &figures[i]);

		if (took < 0) {
			in->failed = true;
			return;
		}
		bytes += took;
		n -= (size_t)took;
	}
	*story = (struct init_story){figures[0], figures[1], figures[2], figures[3],
	    figures[4], figures[5], (uint32_t)figures[6], (uint32_t)figures[7]};
}

static void get_coldstart(struct row_in *in, struct invocation_row *row)
{
	const uint8_t *bytes;
	size_t n = row_get_bytes(in, &bytes);
	struct cursor at = cursor_over(bytes, n);

	row->invocation.coldstart = n > 0 ? &row->coldstart : NULL;
	row->coldstart = (struct coldstart){0};
	if (n > 0 && !batch_coldstart_decode(&at, &row->coldstart, NULL))
		in->failed = true;
}

static void get_figures(struct row_in *in, struct invocation *inv)
{
	inv->has = row_get_u32(in);
	inv->quality = row_get_u32(in);
	inv->duration_ns = row_get_u64(in);
	inv->response_ns = row_get_u64(in);
	inv->init_ns = row_get_u64(in);
	inv->wait_ns = row_get_u64(in);
	inv->cpu_ns = row_get_u64(in);
	inv->run_queue_ns = row_get_u64(in);
	inv->throttled_ns = row_get_u64(in);
	inv->busy_ns = row_get_u64(in);
	inv->peak_memory_bytes = row_get_u64(in);
	inv->request_bytes = row_get_u64(in);
	inv->response_bytes = row_get_u64(in);
	inv->concurrency = row_get_u32(in);
	inv->pid = row_get_u32(in);
	inv->http_status = row_get_u16(in);
}

/* A value of an enum below n; else the row is malformed. */
static unsigned int get_enum(struct row_in *in, unsigned int n)
{
	unsigned int value = row_get_u8(in);

	if (value >= n)
		in->failed = true;
	return value < n ? value : 0;
}

bool invocation_row_get(struct row_in *in, struct invocation_row *row)
{
	struct invocation *inv = &row->invocation;
	struct function *f = &row->function;

	*inv = (struct invocation){.function = f};
	*f = (struct function){0};
	(void)row_get_u32(in); /* day */
	(void)row_get_i64(in); /* hour */
	row->fn = row_get_u64(in);
	inv->start_ns = row_get_i64(in);
	row->batch = row_get_u64(in);
	row->row = row_get_u16(in);
	row_get_text(in, row->host, sizeof(row->host));
	inv->kind = (enum invocation_kind)get_enum(in, KIND_COUNT);
	inv->status = (enum invocation_status)get_enum(in, STATUS_COUNT);
	inv->start_type = (enum invocation_start)get_enum(in, START_PREWARMED + 1);
	inv->cause = (enum invocation_cause)get_enum(in, CAUSE_COUNT);
	inv->certainty = (enum invocation_certainty)get_enum(in, CERTAINTY_COUNT);
	inv->ping = row_get_u8(in);
	get_figures(in, inv);
	f->memory_limit_mb = row_get_u32(in);
	f->arch = (enum arch)get_enum(in, ARCH_COUNT);
	row_get_text(in, f->region, sizeof(f->region));
	row_get_text(in, inv->request_id, sizeof(inv->request_id));
	row_get_text(in, inv->sandbox, sizeof(inv->sandbox));
	row_get_text(in, inv->trace_id, sizeof(inv->trace_id));
	get_story(in, &inv->init);
	get_coldstart(in, row);
	return !in->failed;
}
