/* What no invocation tells is read member by member; each turns into what it is billed
 * by. */
#include <string.h>

#include "price/estimate/description.h"
#include "price/estimate/members.h"
#include "price/plan/parts.h"

#define UNITS_MAX 1000000ULL
#define COUNT_MAX 1000000000000000ULL
#define EVENT_FREE_KB 256 /* an asynchronous event's first request; */
#define EVENT_STEP_KB 64  /* each further one; https://aws.amazon.com/lambda/pricing/ */
#define EVENT_MAX_KB 1024
#define MICRO 1000000ULL

struct reader {
	const struct check *c;
	const struct place *at;
	const struct description *d;
	struct estimate_part *part;
	struct invocation one; /* of the described size */
};

/* Adds a x b x c to an item; refuses the member when it does not fit. */
static int state(const struct reader *r, const char *member, enum stated_item item,
    const uint64_t factors[3])
{
	uint64_t quantity;

	if (__builtin_mul_overflow(factors[0], factors[1], &quantity) ||
	    __builtin_mul_overflow(quantity, factors[2], &quantity) ||
	    !stated_add(&r->part->stated, item, quantity))
		return member_refuse(
		    r->c, r->at, member, "is too much to count in 64 bits");
	return 0;
}

/* Units that exist for some time: 1 unless their number is said. *ms stays 0 when the
 * time is not there. */
static int read_kept(const struct reader *r, const char *units_name,
    const char *const time_names[2], uint64_t *units, uint64_t *ms)
{
	static const uint64_t range[2] = {0, UNITS_MAX};
	bool has_time = member_is_there(r->at, time_names[0]) ||
			member_is_there(r->at, time_names[1]);

	*units = 1;
	if (!has_time && member_is_there(r->at, units_name))
		return member_refuse(
		    r->c, r->at, units_name, "needs %s: for how long", time_names[0]);
	int err = member_whole(r->c, r->at, units_name, range, units);

	return err == 0 ? member_time(r->c, r->at, time_names[0], time_names[1], ms)
			: err;
}

static int read_snapshots(const struct reader *r)
{
	static const char *const time[2] = {
	    "snapstart_active_s", "snapstart_active_hours"};
	static const uint64_t range[2] = {0, COUNT_MAX};
	bool is_kept = member_is_there(r->at, time[0]) || member_is_there(r->at, time[1]);
	uint64_t mb = r->d->is_java ? 0 : plan_lambda_memory_mb(&r->one);
	uint64_t versions = 1;
	uint64_t ms = 0;
	uint64_t restores = 0;
	int err = read_kept(r, "versions", time, &versions, &ms);

	if (err == 0)
		err = member_whole(r->c, r->at, "restores", range, &restores);
	if (err < 0)
		return err;
	if (ms > 0 && ms < 3 * PLAN_MS_PER_HOUR) /* the least that a version bills */
		ms = 3 * PLAN_MS_PER_HOUR;
	if (is_kept || r->d->is_java)
		err = state(r, time[0], STATED_AWS_SNAP_CACHE_MB_MS,
		    (const uint64_t[3]){versions, ms, mb});
	/* Said, restores are more than the cold starts that are said. */
	if (member_is_there(r->at, "restores") &&
	    __builtin_mul_overflow(
		restores, mb, &r->part->usage.item[USAGE_AWS_RESTORE_MB]))
		err = member_refuse(r->c, r->at, "restores", "is too much");
	return err;
}

/* Asynchronous events of more than the first request's size count as several. */
static int read_events(const struct reader *r)
{
	uint64_t kb_micro = 0;
	uint64_t *requests = &r->part->usage.item[USAGE_AWS_REQUESTS];
	int err = member_micro(r->c, r->at, "event_kb", &kb_micro);

	if (err < 0 || kb_micro <= EVENT_FREE_KB * MICRO)
		return err;
	if (kb_micro > EVENT_MAX_KB * MICRO)
		return member_refuse(r->c, r->at, "event_kb",
		    "is more than an event may have (%d)", EVENT_MAX_KB);
	uint64_t beyond = kb_micro - EVENT_FREE_KB * MICRO;
	uint64_t step = EVENT_STEP_KB * MICRO;
	uint64_t more = beyond / step + (beyond % step != 0);

	*requests =
	    plan_add(*requests, plan_multiply(more, description_all_requests(r->d)));
	return 0;
}

/* Figures of Lambda that are counted as they are. */
static int read_lambda(const struct reader *r)
{
	static const struct {
		const char *member;
		enum stated_item item;
		bool is_whole;
	} figures[] = {
	    {"epu_hours_kafka", STATED_AWS_KAFKA_EPU, false},
	    {"epu_hours_sqs", STATED_AWS_SQS_EPU, false},
	    {"durable_operations", STATED_AWS_DURABLE_OPERATIONS, true},
	    {"durable_written_gb", STATED_AWS_DURABLE_WRITTEN, false},
	    {"durable_retained_gb_months", STATED_AWS_DURABLE_RETAINED, false},
	    {"tenant_environments", STATED_AWS_TENANT_MB, true},
	};
	static const uint64_t range[2] = {0, COUNT_MAX};
	int err = 0;

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && err == 0; i++) {
		bool is_tenant = figures[i].item == STATED_AWS_TENANT_MB;
		uint64_t mb = is_tenant ? plan_lambda_memory_mb(&r->one) : 1;
		uint64_t n = 0;

		if (!member_is_there(r->at, figures[i].member))
			continue;
		err = figures[i].is_whole
			  ? member_whole(r->c, r->at, figures[i].member, range, &n)
			  : member_micro(r->c, r->at, figures[i].member, &n);
		if (err == 0)
			err = state(r, figures[i].member, figures[i].item,
			    (const uint64_t[3]){n, mb, 1});
	}
	return err;
}

/* EP1, EP2 or EP3: 1, 2 or 4 vCPU of 3.5 GiB each. 0: no such size. */
static uint64_t premium_vcpus(const char *size)
{
	static const char *const names[] = {"EP1", "EP2", "EP3"};

	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(size, names[i]))
			return 1ULL << i;
	}
	return 0;
}

/* Of EC2, under Lambda's managed instances: each type is stated, one of them with 0. */
static int state_managed(
    const struct reader *r, const char *size, uint64_t n, uint64_t second_ms)
{
	bool is_arm = !strcmp(size, "c7g.xlarge");
	int err = state(r, "instances", STATED_MANAGED_C7I_XLARGE_MS,
	    (const uint64_t[3]){n, is_arm ? 0 : second_ms, 1});

	return err ? err
		   : state(r, "instances", STATED_MANAGED_C7G_XLARGE_MS,
			 (const uint64_t[3]){n, is_arm ? second_ms : 0, 1});
}

static int state_premium(
    const struct reader *r, uint64_t vcpus, uint64_t n, uint64_t second_ms)
{
	int err = state(r, "instances", STATED_PREMIUM_MCPU_MS,
	    (const uint64_t[3]){n, second_ms, vcpus * 1000});

	return err ? err
		   : state(r, "instances", STATED_PREMIUM_MB_MS,
			 (const uint64_t[3]){n, second_ms, vcpus * 3584});
}

/* Of Cloud Run, whose size is that of the function. */
static int state_run(const struct reader *r, uint64_t n, uint64_t ms)
{
	const uint64_t minute_ms = 60000; /* the least; steps: 100 ms */
	uint64_t mcpu = r->d->vcpus_micro ? r->d->vcpus_micro / 1000 : 1000;
	uint64_t run_ms = ms < minute_ms ? minute_ms : (ms + 99) / 100 * 100;
	int err = state(r, "instances", STATED_RUN_INSTANCE_MCPU_MS,
	    (const uint64_t[3]){n, run_ms, mcpu});

	return err ? err
		   : state(r, "instances", STATED_RUN_INSTANCE_MB_MS,
			 (const uint64_t[3]){n, run_ms, plan_run_memory_mb(&r->one)});
}

/* Instances that are billed as long as they exist: of Azure Premium and of Cloud Run, or
 * of EC2 where the size is a type of theirs. */
static int read_instances(const struct reader *r)
{
	static const char *const time[2] = {"instance_seconds", "instance_hours"};
	const json_t *said = member_value(r->at, "instance_size");
	const char *size = said ? json_string_value(said) : "EP1";
	bool is_managed =
	    size && (!strcmp(size, "c7i.xlarge") || !strcmp(size, "c7g.xlarge"));
	uint64_t vcpus = size ? premium_vcpus(size) : 0;
	uint64_t n = 1;
	uint64_t ms = 0;
	int err = read_kept(r, "instances", time, &n, &ms);

	if (err == 0 && vcpus == 0 && !is_managed)
		return member_refuse(r->c, r->at, "instance_size",
		    "must be EP1, EP2 or EP3, c7i.xlarge or c7g.xlarge");
	if (err < 0 || ms == 0)
		return err;
	uint64_t second_ms = (ms + 999) / 1000 * 1000;

	if (is_managed)
		return state_managed(r, size, n, second_ms);
	err = state_premium(r, vcpus, n, second_ms);
	return err ? err : state_run(r, n, ms);
}

/* Minimum instances are idle for what of their time the requests do not keep them busy.
 */
static int read_min_instances(const struct reader *r)
{
	static const char *const time[2] = {"min_instance_seconds", "min_instance_hours"};
	const uint64_t *item = r->part->usage.item;
	uint64_t mcpu = r->d->vcpus_micro ? r->d->vcpus_micro / 1000 : 1000;
	uint64_t gcf_mb = plan_functions_1_memory_mb(&r->one);
	uint64_t n = 1;
	uint64_t ms = 0;
	uint64_t kept;
	int err = read_kept(r, "min_instances", time, &n, &ms);

	if (err < 0 || ms == 0)
		return err;
	if (__builtin_mul_overflow(n, ms, &kept))
		return member_refuse(r->c, r->at, "min_instances", "is too much");
	uint64_t run_busy = item[USAGE_RUN_BILLED_MS];
	uint64_t gcf_busy = item[USAGE_GCF_MB_MS] / gcf_mb;
	uint64_t run_idle = kept > run_busy ? kept - run_busy : 0;
	uint64_t gcf_idle = kept > gcf_busy ? kept - gcf_busy : 0;

	err = state(r, "min_instances", STATED_RUN_IDLE_MCPU_MS,
	    (const uint64_t[3]){run_idle, mcpu, 1});
	if (err == 0)
		err = state(r, "min_instances", STATED_RUN_IDLE_MB_MS,
		    (const uint64_t[3]){run_idle, plan_run_memory_mb(&r->one), 1});
	if (err == 0)
		err = state(r, "min_instances", STATED_GCF_IDLE_MB_MS,
		    (const uint64_t[3]){gcf_idle, gcf_mb, 1});
	if (err == 0)
		err = state(r, "min_instances", STATED_GCF_IDLE_MHZ_MS,
		    (const uint64_t[3]){
			gcf_idle, plan_functions_1_mhz((uint32_t)gcf_mb), 1});
	return err;
}

/* Sent out of the network: in all, or by each request. A GB is 1024 MB. */
static int read_egress(const struct reader *r)
{
	static const struct {
		const char *member;
		unsigned int shift;
		bool is_each;
	} figures[] = {{"egress_gb", 30, false}, {"egress_kb_per_request", 10, true}};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		uint64_t micro = 0;

		if (!member_is_there(r->at, figures[i].member))
			continue;
		int err = member_micro(r->c, r->at, figures[i].member, &micro);
		unsigned __int128 bytes =
		    ((unsigned __int128)micro << figures[i].shift) / MICRO;

		if (err == 0 && bytes > UINT64_MAX)
			err =
			    member_refuse(r->c, r->at, figures[i].member, "is too much");
		if (err == 0)
			err = state(r, figures[i].member, STATED_GCP_EGRESS_BYTES,
			    (const uint64_t[3]){(uint64_t)bytes,
				figures[i].is_each ? description_all_requests(r->d) : 1,
				1});
		if (err < 0)
			return err;
	}
	return 0;
}

/* What the user's machine has in the time that it was kept, and the requests do not use.
 */
static int read_host(const struct reader *r)
{
	const struct own_host *host = &r->part->host;
	uint64_t ms = 0;
	int err = member_time(r->c, r->at, "host_seconds", "host_hours", &ms);

	if (err < 0 || ms == 0)
		return err;
	if (!host->is_there)
		return member_refuse(r->c, r->at,
		    member_is_there(r->at, "host_hours") ? "host_hours" : "host_seconds",
		    "needs host_usd_per_hour");
	unsigned __int128 cpu_us =
	    (unsigned __int128)ms * 1000 * host->vcpus_micro / MICRO;
	unsigned __int128 mb_ms =
	    (unsigned __int128)ms * 1024 * host->memory_micro / MICRO;

	if (cpu_us > UINT64_MAX || mb_ms > UINT64_MAX)
		return check_refuse(
		    r->c, r->at, NULL, "the host is too large to count in 64 bits");
	err = state(r, "host_hours", STATED_HOST_CPU_US,
	    (const uint64_t[3]){(uint64_t)cpu_us, 1, 1});
	return err ? err
		   : state(r, "host_hours", STATED_HOST_MB_MS,
			 (const uint64_t[3]){(uint64_t)mb_ms, 1, 1});
}

int description_read_stated(const struct check *c, const struct place *at,
    const struct description *d, struct estimate_part *part)
{
	const struct function function = {.memory_limit_mb = (uint32_t)d->memory_mb};
	struct reader r = {c, at, d, part, {.function = &function}};
	int err = read_snapshots(&r);

	if (err == 0)
		err = read_events(&r);
	if (err == 0)
		err = read_lambda(&r);
	if (err == 0)
		err = read_instances(&r);
	if (err == 0)
		err = read_min_instances(&r);
	if (err == 0)
		err = read_egress(&r);
	if (err == 0)
		err = read_host(&r);
	return err == 0
		   ? description_read_streamed(c, at, description_all_requests(d), part)
		   : err;
}
