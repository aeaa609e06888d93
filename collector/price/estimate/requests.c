/* Requests are given as a whole, or as those that something was kept ready for and the
 * others. */
#include "price/estimate/description.h"
#include "price/estimate/members.h"

#define REQUESTS_MAX 1000000000000000ULL /* 10^15, 30 million a second for a year */
#define UNITS_MAX 1000000ULL

static const uint64_t requests_range[2] = {0, REQUESTS_MAX};

/* The members of one way to be kept ready. */
struct ready_names {
	const char *units, *seconds, *hours, *requests, *duration;
	bool is_azure;
};

static const struct ready_names ready_names[] = {
    {"pc_units", "pc_seconds", "pc_hours", "pc_requests", "pc_duration_ms", false},
    {"always_ready_instances", "always_ready_seconds", "always_ready_hours",
	"always_ready_requests", "always_ready_duration_ms", true},
};

#define READY_N (sizeof(ready_names) / sizeof(ready_names[0]))

/* The first member of that way which is there, or NULL. */
static const char *any_of(const struct place *at, const struct ready_names *names)
{
	const char *const all[] = {
	    names->units, names->seconds, names->hours, names->requests, names->duration};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (member_is_there(at, all[i]))
			return all[i];
	}
	return NULL;
}

/* Shares the requests out between those that run on what is kept and the others. */
static int share(const struct check *c, const struct place *at,
    const struct ready_names *names, struct description *d)
{
	bool has_all = member_is_there(at, "requests");
	bool has_others = member_is_there(at, "other_requests");
	uint64_t all = 0;
	uint64_t other = 0;
	uint64_t ready = 0;
	int err = member_whole(c, at, "requests", requests_range, &all);

	if (err == 0)
		err = member_whole(c, at, "other_requests", requests_range, &other);
	if (err == 0)
		err = member_whole(c, at, names->requests, requests_range, &ready);
	if (err < 0)
		return err;
	if (!member_is_there(at, names->requests))
		ready = all > other ? all - other : 0;
	else if (!has_others)
		other = all > ready ? all - ready : 0;
	if (has_all && ready + other != all)
		return member_refuse(c, at, "requests",
		    "are not %s and other_requests together", names->requests);
	d->requests = other;
	d->ready.requests = ready;
	return 0;
}

/* A duration by its own name, or by the one for all; needed when there are requests. */
static int read_duration(const struct check *c, const struct place *at, const char *name,
    uint64_t requests, uint64_t *ns)
{
	bool is_own = member_is_there(at, name);

	if (!is_own && !member_is_there(at, "duration_ms"))
		return requests > 0 ? member_need(c, at, name) : 0;
	return member_span(c, at, is_own ? name : "duration_ms", ns);
}

static int read_ready(const struct check *c, const struct place *at,
    const struct ready_names *names, struct description *d)
{
	static const uint64_t units[2] = {0, UNITS_MAX};
	struct description_ready *ready = &d->ready;
	const char *first = any_of(at, names);
	int err = 0;

	if (!member_is_there(at, names->units))
		return member_refuse(c, at, first, "needs %s", names->units);
	if (!member_is_there(at, names->seconds) && !member_is_there(at, names->hours))
		return member_refuse(
		    c, at, names->units, "needs %s: for how long", names->seconds);
	if (!names->is_azure && d->memory_mb == 0)
		return member_refuse(c, at, names->units, "needs memory_mb");
	ready->is_there = true;
	ready->is_azure = names->is_azure;
	err = member_whole(c, at, names->units, units, &ready->units);
	if (err == 0)
		err = member_time(c, at, names->seconds, names->hours, &ready->ms);
	if (err == 0)
		err = share(c, at, names, d);
	if (err == 0)
		err = read_duration(
		    c, at, names->duration, ready->requests, &ready->duration_ns);
	if (err == 0)
		err = read_duration(
		    c, at, "other_duration_ms", d->requests, &d->duration_ns);
	return err;
}

/* What makes a description whole without any request. */
static bool stands_alone(const struct place *at)
{
	static const char *const alone[] = {"instances", "min_instances",
	    "snapstart_active_s", "snapstart_active_hours", "observed_mb",
	    "tenant_environments", "epu_hours_kafka", "epu_hours_sqs",
	    "durable_operations", "durable_written_gb", "durable_retained_gb_months",
	    "egress_gb", "host_usd_per_hour"};

	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		if (member_is_there(at, alone[i]))
			return !member_is_there(at, "requests");
	}
	return false;
}

int description_read_requests(
    const struct check *c, const struct place *at, struct description *d)
{
	for (size_t i = 0; i < READY_N; i++) {
		const char *other = any_of(at, &ready_names[1 - i]);

		if (!any_of(at, &ready_names[i]))
			continue;
		if (other)
			return member_refuse(
			    c, at, other, "does not go with %s", ready_names[i].units);
		return read_ready(c, at, &ready_names[i], d);
	}
	for (size_t i = 0; i < 2; i++) {
		const char *name = i ? "other_duration_ms" : "other_requests";

		if (member_is_there(at, name))
			return member_refuse(
			    c, at, name, "goes with pc_units or always_ready_instances");
	}
	if (!member_is_there(at, "duration_ms") && stands_alone(at)) {
		/* Alone, a size in use asks what it is rounded to. */
		d->requests = member_is_there(at, "observed_mb") ? 1 : 0;
		return 0;
	}
	int err = member_whole(c, at, "requests", requests_range, &d->requests);

	if (err == 0)
		err = member_need(c, at, "duration_ms");
	return err == 0 ? member_span(c, at, "duration_ms", &d->duration_ns) : err;
}
