#include "tui/snapshot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/invocation.h"
#include "tui/field.h"

static void parse_percentiles(
    const json_t *object, const char *key, struct percentiles *p)
{
	const json_t *from = json_object_get(object, key);

	p->p50 = field_number(from, "p50");
	p->p95 = field_number(from, "p95");
	p->p99 = field_number(from, "p99");
	p->max = field_number(from, "max");
}

static void parse_statuses(const json_t *object, struct function_row *row)
{
	const json_t *from = json_object_get(object, "by_status");

	_Static_assert(STATUS_COUNT <= 8, "errors_by holds every status");
	for (int i = 0; i < STATUS_COUNT; i++)
		row->errors_by[i] =
		    field_count(from, invocation_status_name((enum invocation_status)i));
}

static void parse_cost(const json_t *object, struct function_row *row)
{
	const json_t *pings = json_object_get(object, "pings");

	row->has_cost = field_money(object, "cost_usd", &row->cost);
	(void)field_money(object, "cost_per_hour_usd", &row->cost_per_hour);
	(void)field_money(object, "cost_month_usd", &row->cost_month);
	(void)field_text(object, "plan", row->plan, sizeof(row->plan));
	(void)field_text(object, "cost_basis", row->cost_basis, sizeof(row->cost_basis));
	row->pings = field_count(pings, "count");
	(void)field_money(pings, "cost_usd", &row->pings_cost);
}

static void parse_trend(const json_t *object, struct function_row *row)
{
	const json_t *from = json_object_get(object, "trend");

	for (size_t i = 0; i < SNAPSHOT_TREND; i++) {
		json_int_t n = json_integer_value(json_array_get(from, i));

		row->trend[i] = n <= 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	}
}

static void parse_function(const json_t *object, void *item)
{
	struct function_row *row = item;
	const json_t *memory = json_object_get(object, "memory_mb");
	const json_t *concurrency = json_object_get(object, "concurrency");

	(void)field_text(object, "function", row->name, sizeof(row->name));
	(void)field_text(object, "version", row->version, sizeof(row->version));
	(void)field_text(object, "region", row->region, sizeof(row->region));
	(void)field_text(object, "platform", row->platform, sizeof(row->platform));
	(void)field_text(object, "kind", row->kind, sizeof(row->kind));
	(void)field_text(object, "arch", row->arch, sizeof(row->arch));
	row->invocations = field_count(object, "invocations");
	row->cold = field_count(object, "cold");
	row->prewarmed = field_count(object, "prewarmed");
	row->errors = field_count(object, "errors");
	row->ledger = ledger_parse(object, "ledger");
	row->rate = field_number(object, "rate");
	row->cold_pct = field_number(object, "cold_pct");
	parse_percentiles(object, "duration_ms", &row->duration);
	parse_percentiles(object, "warm_duration_ms", &row->warm_duration);
	parse_percentiles(object, "cold_duration_ms", &row->cold_duration);
	parse_percentiles(object, "init_ms", &row->init);
	row->memory_p95_mb = field_number(memory, "p95");
	row->memory_max_mb = field_number(memory, "max");
	row->memory_limit_mb = field_number(memory, "limit");
	row->cpu_ms_mean = field_number(object, "cpu_ms_mean");
	row->concurrency_mean = field_number(concurrency, "mean");
	row->concurrency_max = field_number(concurrency, "max");
	row->last_seen_ns = field_time(object, "last_seen");
	parse_statuses(object, row);
	parse_cost(object, row);
	parse_trend(object, row);
}

static void parse_agent(const json_t *object, void *item)
{
	struct agent_row *row = item;
	const json_t *overhead = json_object_get(object, "overhead");
	const json_t *unseen = json_object_get(object, "unseen");

	(void)field_text(object, "host", row->host, sizeof(row->host));
	row->age_s = field_number(object, "age_s");
	row->silent = field_is_true(object, "silent");
	row->ledger = ledger_parse(object, "ledger");
	row->agent_pct = field_number(overhead, "agent_pct");
	row->probes_pct = field_number(overhead, "probes_pct");
	row->max_pct = field_number(overhead, "max_pct");
	row->resident_bytes = field_number(overhead, "resident_bytes");
	row->shed = field_number(overhead, "shed");
	row->tls = field_count(unseen, "tls_connections");
	row->http2 = field_count(unseen, "http2_connections");
	row->read_faults = field_count(unseen, "read_faults");
	row->map_full = field_count(unseen, "map_full");
	row->exec_lost = field_count(unseen, "exec_lost");
	row->io_uring = field_count(unseen, "io_uring_answers");
	row->missed_runs = field_count(unseen, "missed_runs");
}

static const struct row_kind function_kind = {
    "functions", sizeof(struct function_row), SNAPSHOT_FUNCTIONS_MAX, parse_function};
static const struct row_kind agent_kind = {
    "agents", sizeof(struct agent_row), 1000, parse_agent};

int snapshot_parse(const char *body, size_t body_bytes, struct snapshot *snapshot)
{
	AUTO(json) json_t *root = rows_root(body, body_bytes);
	const json_t *window = json_object_get(root, "window");
	int err;

	if (!root)
		return -EBADMSG;
	err = rows_parse(root, &function_kind, &snapshot->functions);
	if (err)
		return err;
	if (rows_parse(root, &agent_kind, &snapshot->agents) < 0)
		rows_done(&snapshot->agents);
	snapshot->hosts = field_count(root, "host_count");
	snapshot->functions_told = field_count(root, "function_count");
	snapshot->ledger = ledger_parse(root, "ledger");
	snapshot->since_ns = field_time(window, "since");
	snapshot->until_ns = field_time(window, "until");
	snapshot->known = field_count(root, "known_count");
	snapshot->known_last_ns = field_time(root, "known_last_seen");
	return 0;
}

void snapshot_done(struct snapshot *snapshot)
{
	rows_done(&snapshot->functions);
	rows_done(&snapshot->agents);
}

double agent_row_cost_pct(const struct agent_row *row)
{
	return row->agent_pct + (isnan(row->probes_pct) ? 0 : row->probes_pct);
}

const struct function_row *snapshot_at(const struct snapshot *snapshot, size_t i)
{
	return (const struct function_row *)snapshot->functions.items + i;
}

const struct function_row *snapshot_find(
    const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->functions.items_n; i++)
		if (strcmp(snapshot_at(snapshot, i)->name, name) == 0)
			return snapshot_at(snapshot, i);
	return NULL;
}
