#include "price/estimate/members.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/money.h"

#define MICRO 1000000
#define PICO_PER_ONE 1000000000000LL
#define EXACT_REAL 9007199254740992.0 /* 2^53: whole numbers below it are exact */
#define SPAN_MAX_MS 604800000ULL      /* a week; no plan runs longer */
#define TIME_MAX_S 3155760000ULL      /* 100 years */
#define SECONDS_PER_HOUR 3600
#define REASON_BYTES 200

static const char *const names[] = {"requests", "duration_ms", "init_ms", "cold_starts",
    "memory_mb", "observed_mb", "cpu_ms", "ephemeral_mb", "concurrency", "vcpus", "start",
    "arch", "region", "free_tier", "package", "runtime", "product", "gb_s", "vcpu_s",
    "ghz_s", "function_execution_units_mb_ms", "pc_units", "pc_seconds", "pc_hours",
    "pc_requests", "pc_duration_ms", "other_requests", "other_duration_ms",
    "always_ready_instances", "always_ready_seconds", "always_ready_hours",
    "always_ready_requests", "always_ready_duration_ms", "snapstart_active_s",
    "snapstart_active_hours", "versions", "restores", "streamed", "streamed_bytes",
    "streaming_free_used", "event_kb", "tenant_environments", "epu_hours_kafka",
    "epu_hours_sqs", "durable_operations", "durable_written_gb",
    "durable_retained_gb_months", "instances", "instance_seconds", "instance_hours",
    "instance_size", "min_instances", "min_instance_seconds", "min_instance_hours",
    "egress_gb", "egress_kb_per_request", "host_usd_per_hour", "host_vcpus",
    "host_memory_gb", "host_seconds", "host_hours",
    /* taken without effect, so that notes can stand in the file */
    "id", "note", "plan", "provider"};

struct other_name {
	const char *other;
	const char *name;
};

static const struct other_name others[] = {
    {"executions", "requests"},
    {"invocations", "requests"},
    {"monthly_requests", "requests"},
    {"average_duration_ms", "duration_ms"},
    {"avg_duration_ms", "duration_ms"},
    {"memory_size_mb", "memory_mb"},
    {"max_memory_used_mb", "observed_mb"},
    {"init_duration_ms", "init_ms"},
    {"configured_memory_mb", "memory_mb"},
    {"instance_memory_mb", "memory_mb"},
    {"observed_memory_mb", "observed_mb"},
    {"cpu_time_ms", "cpu_ms"},
    {"ephemeral_storage_mb", "ephemeral_mb"},
    {"vcpu", "vcpus"},
    {"cpus", "vcpus"},
    {"as_of", "start"},
    {"date", "start"},
    {"architecture", "arch"},
    {"free_grant", "free_tier"},
    {"provisioned_concurrency", "pc_units"},
    {"other_executions", "other_requests"},
    {"always_ready_executions", "always_ready_requests"},
    {"snapstart_active_seconds", "snapstart_active_s"},
    {"snapstart_restores", "restores"},
    {"streamed_bytes_per_request", "streamed_bytes"},
    {"async_event_kb", "event_kb"},
    {"instance_count", "instances"},
    {"sku", "instance_size"},
    {"instance_type", "instance_size"},
    {"outbound_gb", "egress_gb"},
    {"outbound_kb_per_request", "egress_kb_per_request"},
};

#define NAMES_N (sizeof(names) / sizeof(names[0]))
#define OTHERS_N (sizeof(others) / sizeof(others[0]))

static bool is_known(const char *key)
{
	for (size_t i = 0; i < NAMES_N; i++) {
		if (!strcmp(names[i], key))
			return true;
	}
	for (size_t i = 0; i < OTHERS_N; i++) {
		if (!strcmp(others[i].other, key))
			return true;
	}
	return false;
}

const char *member_name(const struct place *at, const char *name)
{
	if (json_object_get(at->object, name))
		return name;
	for (size_t i = 0; i < OTHERS_N; i++) {
		if (!strcmp(others[i].name, name) &&
		    json_object_get(at->object, others[i].other))
			return others[i].other;
	}
	return NULL;
}

const json_t *member_value(const struct place *at, const char *name)
{
	const char *there = member_name(at, name);

	return there ? json_object_get(at->object, there) : NULL;
}

int members_check(const struct check *c, const struct place *at)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)at->object, key, value)
	{
		if (!is_known(key))
			return check_refuse(c, at, NULL, "unknown member \"%.60s\"", key);
	}
	for (size_t i = 0; i < OTHERS_N; i++) {
		const char *first = member_name(at, others[i].name);

		if (json_object_get(at->object, others[i].other) &&
		    strcmp(first, others[i].other) != 0)
			return check_refuse(c, at, others[i].other,
			    "says the same as %s: give one of them", first);
	}
	return 0;
}

int member_need(const struct check *c, const struct place *at, const char *name)
{
	return member_is_there(at, name) ? 0 : check_refuse(c, at, name, "is missing");
}

int member_refuse(const struct check *c, const struct place *at, const char *name,
    const char *format, ...)
{
	char reason[REASON_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return check_refuse(c, at, member_name(at, name), "%s", reason);
}

int member_micro(
    const struct check *c, const struct place *at, const char *name, uint64_t *out)
{
	const json_t *value = member_value(at, name);
	struct money amount;

	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    (uint64_t)json_integer_value(value) <= UINT64_MAX / MICRO) {
		*out = (uint64_t)json_integer_value(value) * MICRO;
		return 0;
	}
	if (json_is_real(value) && json_real_value(value) >= 0 &&
	    json_real_value(value) < EXACT_REAL / MICRO) { /* exact to a millionth */
		*out = (uint64_t)llround(json_real_value(value) * MICRO);
		return 0;
	}
	/* Money reads decimals exactly, in millionths of a millionth. */
	if (json_is_string(value) &&
	    money_parse(json_string_value(value), &amount) == 0 && amount.pico >= 0 &&
	    amount.pico % MICRO == 0 && amount.pico / MICRO <= (__int128)UINT64_MAX) {
		*out = (uint64_t)(amount.pico / MICRO);
		return 0;
	}
	return member_refuse(
	    c, at, name, "must be a number of 0 or more with at most 6 decimals");
}

/* A whole number as number or text; UINT64_MAX when it is none. */
static uint64_t whole_of(const json_t *value)
{
	struct money amount;

	if (json_is_integer(value))
		return json_integer_value(value) < 0
			   ? UINT64_MAX
			   : (uint64_t)json_integer_value(value);
	if (json_is_real(value)) { /* "3e6" is one */
		double real = json_real_value(value);

		return real >= 0 && real < EXACT_REAL && trunc(real) == real
			   ? (uint64_t)real
			   : UINT64_MAX;
	}
	if (!json_is_string(value) ||
	    money_parse(json_string_value(value), &amount) < 0 || amount.pico < 0 ||
	    amount.pico % PICO_PER_ONE != 0)
		return UINT64_MAX;
	return (uint64_t)(amount.pico / PICO_PER_ONE); /* at most 10^18 */
}

int member_whole(const struct check *c, const struct place *at, const char *name,
    const uint64_t range[2], uint64_t *out)
{
	const json_t *value = member_value(at, name);

	if (!value)
		return 0;
	uint64_t whole = whole_of(value);

	if (whole < range[0] || whole > range[1])
		return member_refuse(c, at, name,
		    "must be a whole number from %ju to %ju", (uintmax_t)range[0],
		    (uintmax_t)range[1]);
	*out = whole;
	return 0;
}

int member_span(
    const struct check *c, const struct place *at, const char *name, uint64_t *out_ns)
{
	uint64_t ns = *out_ns;
	int err = member_micro(c, at, name, &ns);

	if (err < 0)
		return err;
	if (ns / MICRO > SPAN_MAX_MS)
		return member_refuse(
		    c, at, name, "is above a week (%ju ms)", (uintmax_t)SPAN_MAX_MS);
	*out_ns = ns;
	return 0;
}

int member_time(const struct check *c, const struct place *at, const char *seconds,
    const char *hours, uint64_t *out_ms)
{
	const char *name = member_is_there(at, seconds) ? seconds : hours;
	uint64_t factor = name == hours ? SECONDS_PER_HOUR : 1;
	uint64_t micro = 0;

	if (!member_is_there(at, name))
		return 0;
	if (name == seconds && member_is_there(at, hours))
		return member_refuse(
		    c, at, hours, "says the same as %s: give one of them", seconds);
	int err = member_micro(c, at, name, &micro);

	if (err < 0)
		return err;
	if (micro / MICRO > TIME_MAX_S / factor)
		return member_refuse(c, at, name, "is above 100 years");
	micro *= factor;
	*out_ms = micro / 1000 + (micro % 1000 != 0); /* millionths of a second */
	return 0;
}

int member_flag(
    const struct check *c, const struct place *at, const char *name, bool *out)
{
	const json_t *value = member_value(at, name);

	if (value && !json_is_boolean(value))
		return member_refuse(c, at, name, "must be true or false");
	if (value)
		*out = json_is_true(value);
	return 0;
}
