#include "tui/detail.h"

#include <string.h>

#include "tui/field.h"

static void parse_point(const json_t *object, void *item)
{
	struct point_row *row = item;
	const json_t *duration = json_object_get(object, "duration_ms");

	row->t_ns = field_time(object, "t");
	row->invocations = field_count(object, "invocations");
	row->cold = field_count(object, "cold");
	row->errors = field_count(object, "errors");
	row->duration.p50 = field_number(duration, "p50");
	row->duration.p95 = field_number(duration, "p95");
	row->duration.p99 = field_number(duration, "p99");
	row->duration.max = field_number(duration, "max");
	row->init_p95_ms = field_number(json_object_get(object, "init_ms"), "p95");
}

static void parse_invocation(const json_t *object, void *item)
{
	struct invocation_row *row = item;

	(void)field_text(object, "function", row->function, sizeof(row->function));
	(void)field_text(object, "request_id", row->request_id, sizeof(row->request_id));
	(void)field_text(object, "host", row->host, sizeof(row->host));
	(void)field_text(object, "cause", row->cause, sizeof(row->cause));
	(void)field_text(object, "status", row->status, sizeof(row->status));
	row->start_ns = field_time(object, "start");
	row->duration_ms = field_number(object, "duration_ms");
	row->init_ms = field_number(object, "init_ms");
	row->wait_ms = field_number(object, "wait_ms");
	row->cpu_ms = field_number(object, "cpu_ms");
	row->init_exec_ms = field_number(object, "init_last_exec_ms");
	row->init_execs = field_number(object, "init_execs");
	row->init_cpu_ms = field_number(object, "init_cpu_ms");
	row->init_run_queue_ms = field_number(object, "init_run_queue_ms");
	row->init_read_bytes = field_number(object, "init_read_bytes");
	row->init_disk_bytes = field_number(object, "init_disk_bytes");
	row->init_major_faults = field_number(object, "init_major_faults");
	row->memory_mb = field_number(object, "peak_memory_mb");
	row->memory_limit_mb = field_number(object, "memory_limit_mb");
	row->cold = field_is_true(object, "cold");
	row->start_known = json_is_boolean(json_object_get(object, "cold"));
	row->prewarmed = field_is_true(object, "prewarmed");
	row->ping = field_is_true(object, "ping");
}

const struct row_kind point_kind = {
    "points", sizeof(struct point_row), 3000, parse_point};
const struct row_kind invocation_kind = {
    "invocations", sizeof(struct invocation_row), 100000, parse_invocation};
