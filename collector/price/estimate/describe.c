/* Reads what describes the invocations, has them counted, then reads what they do not
 * tell. */
#include "price/estimate/describe.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "price/book.h"
#include "price/estimate/description.h"
#include "price/estimate/members.h"

#define MEMORY_MAX_MB 32768
#define TMP_FREE_MB 512
#define TMP_MAX_MB 10240
#define CONCURRENCY_MAX 1000
#define VCPUS_MAX 64
#define MB_MS_PER_GB_S 1024000
#define MICRO 1000000
#define UNITS_MAX 1000000000000000000ULL
/* From when on a described invocation is taken to be, unless it says: today's rules. */
#define START_NS 1767225600000000000LL /* 2026-01-01 */
#define WORD_BYTES 64

static const char *const all_lengths[] = {"duration_ms", "init_ms", "cold_starts",
    "memory_mb", "observed_mb", "cpu_ms", "ephemeral_mb", "concurrency", "vcpus",
    "pc_units", "pc_seconds", "pc_hours", "pc_requests", "pc_duration_ms",
    "other_requests", "other_duration_ms", "always_ready_instances",
    "always_ready_seconds", "always_ready_hours", "always_ready_requests",
    "always_ready_duration_ms", "product", NULL};

/* The grants that the words of a free tier may name: those of AWS Lambda and of Azure's
 * Consumption plan are alike. */
static bool is_grant_in_words(const char *text)
{
	static const char *const grants[] = {
	    "1M requests", "1M executions", "400k GB-s", "400K GB-s"};
	bool known = *text != '\0';

	while (known && *text) {
		known = false;
		for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
			size_t n = strlen(grants[i]);

			known |= !strncmp(text, grants[i], n) &&
				 (text[n] == ' ' || text[n] == ',' || text[n] == '\0');
		}
		text += strcspn(text, ",");
		text += strspn(text, ", ");
	}
	return known;
}

static int read_free_tier(
    const struct check *c, const struct place *at, struct estimate_part *part)
{
	const json_t *value = member_value(at, "free_tier");

	if (!json_is_string(value))
		return member_flag(c, at, "free_tier", &part->free_tier);
	if (!is_grant_in_words(json_string_value(value)))
		return member_refuse(c, at, "free_tier",
		    "must be true or false, or in words such as \"1M requests over all, "
		    "400k GB-s on the rest\"");
	part->free_tier = true;
	return 0;
}

/* By our word, or by another that people use. */
static enum arch find_arch(const char *text)
{
	static const struct {
		const char *word;
		enum arch arch;
	} others[] = {{"x86", ARCH_X86_64}, {"amd64", ARCH_X86_64}, {"arm", ARCH_ARM64},
	    {"aarch64", ARCH_ARM64}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcmp(others[i].word, text))
			return others[i].arch;
	}
	return arch_find(text);
}

static int read_place(
    const struct check *c, const struct place *at, struct estimate_part *part)
{
	const char *arch = member_name(at, "arch");
	const char *text;
	int err = read_free_tier(c, at, part);

	if (err == 0 && json_object_get(at->object, "region")) {
		err = check_string(c, at, "region", &text);
		if (err == 0 && strlen(text) >= sizeof(part->region))
			err = check_refuse(c, at, "region", "is too long");
		if (err == 0)
			memcpy(part->region, text, strlen(text) + 1);
	}
	if (err == 0 && arch) {
		err = check_string(c, at, arch, &text);
		if (err == 0)
			part->arch = find_arch(text);
		if (err == 0 && part->arch == ARCH_UNKNOWN)
			err = check_refuse(
			    c, at, arch, "must be x86_64 or arm64, not \"%.40s\"", text);
	}
	return err;
}

static int read_init(const struct check *c, const struct place *at, struct description *d)
{
	const uint64_t range[2] = {0, d->requests};
	int err = member_whole(c, at, "cold_starts", range, &d->cold_starts);

	if (err < 0)
		return err;
	if (!member_is_there(at, "init_ms"))
		return d->cold_starts > 0 ? member_refuse(c, at, "cold_starts",
						"needs init_ms, what each costs")
					  : 0;
	if (!member_is_there(at, "cold_starts")) {
		if (d->requests > 1)
			return member_refuse(c, at, "init_ms",
			    "needs cold_starts, how many of the %ju requests waited for "
			    "an init",
			    (uintmax_t)d->requests);
		d->cold_starts = d->requests;
	}
	return member_span(c, at, "init_ms", &d->init_ns);
}

/* A moment, or a day, on whose end "until" stands. */
static int read_start(
    const struct check *c, const struct place *at, struct description *d)
{
	const char *name = member_name(at, "start");
	const char *text;

	if (!name)
		return 0;
	int err = check_string(c, at, name, &text);

	if (err < 0)
		return err;
	if (!strncmp(text, "until ", 6))
		text += 6;
	if (price_date_parse(text, &d->start_ns) < 0 &&
	    clock_parse_rfc3339(text, &d->start_ns) < 0)
		return check_refuse(
		    c, at, name, "must be a time such as \"2026-11-22T08:00:00Z\"");
	return 0;
}

/* One of some words, or of what begins with one. */
static int read_word(const struct check *c, const struct place *at, const char *member,
    const char *const *words, size_t *which)
{
	char known[WORD_BYTES] = "";
	const char *text = "";
	size_t at_byte = 0;
	int err = 0;

	if (!member_is_there(at, member))
		return 0;
	err = check_string(c, at, member, &text);
	for (size_t i = 0; err == 0 && words[i]; i++) {
		if (!strncmp(text, words[i], strlen(words[i]))) {
			*which = i;
			return 0;
		}
		at_byte += (size_t)snprintf(known + at_byte, sizeof(known) - at_byte,
		    "%s%s", i ? ", " : "", words[i]);
	}
	return err ? err
		   : check_refuse(
			 c, at, member, "must be one of %s, not \"%.40s\"", known, text);
}

/* How the function is packaged, and as which product it runs. */
static int read_package(
    const struct check *c, const struct place *at, struct description *d)
{
	static const char *const packages[] = {"zip", "image", NULL};
	static const char *const products[] = {"lambda@edge", "lambda", "function", NULL};
	const char *runtime = "";
	size_t package = 0;
	size_t product = 1;
	int err = read_word(c, at, "package", packages, &package);

	if (err == 0)
		err = read_word(c, at, "product", products, &product);
	if (err == 0 && member_is_there(at, "runtime"))
		err = check_string(c, at, "runtime", &runtime);
	d->init_always_billed = package == 1 || !strncmp(runtime, "custom", 6) ||
				!strncmp(runtime, "provided", 8);
	d->is_java = !strncmp(runtime, "java", 4);
	d->is_edge = product == 0;
	return err;
}

static int read_sizes(
    const struct check *c, const struct place *at, struct description *d)
{
	static const uint64_t memory[2] = {1, MEMORY_MAX_MB};
	static const uint64_t tmp[2] = {TMP_FREE_MB, TMP_MAX_MB};
	static const uint64_t concurrency[2] = {1, CONCURRENCY_MAX};
	int err = member_whole(c, at, "memory_mb", memory, &d->memory_mb);

	if (err == 0)
		err = member_whole(c, at, "observed_mb", memory, &d->observed_mb);
	if (err == 0)
		err = member_whole(c, at, "ephemeral_mb", tmp, &d->tmp_mb);
	if (err == 0)
		err = member_whole(c, at, "concurrency", concurrency, &d->concurrency);
	if (err == 0)
		err = member_micro(c, at, "vcpus", &d->vcpus_micro);
	if (err == 0 &&
	    (d->vcpus_micro > VCPUS_MAX * (uint64_t)MICRO || d->vcpus_micro % 1000 != 0))
		err = member_refuse(
		    c, at, "vcpus", "must be 0.001 to %d, in thousandths", VCPUS_MAX);
	if (err == 0)
		err = member_span(c, at, "cpu_ms", &d->cpu_ns);
	d->has_cpu = member_is_there(at, "cpu_ms");
	return err;
}

static int read_description(
    const struct check *c, const struct place *at, struct description *d)
{
	int err = read_sizes(c, at, d);

	if (err == 0)
		err = read_start(c, at, d);
	if (err == 0)
		err = read_package(c, at, d);
	if (err == 0)
		err = description_read_requests(c, at, d);
	return err == 0 ? read_init(c, at, d) : err;
}

/* Usage that is given as such: gb_s (with vcpu_s or ghz_s), or Azure's execution units.
 */
static int read_totals(
    const struct check *c, const struct place *at, struct estimate_part *part)
{
	static const uint64_t requests[2] = {0, UNITS_MAX};
	static const char units_name[] = "function_execution_units_mb_ms";
	uint64_t *item = part->usage.item;
	bool has_units = member_is_there(at, units_name);
	uint64_t micro = 0;
	uint64_t mcpu_ms = 0;
	uint64_t mhz_ms = 0;
	uint64_t mb_ms = 0;
	uint64_t n = 0;
	int err = member_whole(c, at, "requests", requests, &n);

	if (err == 0 && has_units && member_is_there(at, "gb_s"))
		err = member_refuse(
		    c, at, units_name, "says the same as gb_s: give one of them");
	if (err == 0)
		err = member_micro(c, at, "gb_s", &micro);
	unsigned __int128 product = (unsigned __int128)micro * MB_MS_PER_GB_S;

	if (err == 0 && product / MICRO > UINT64_MAX)
		err = member_refuse(c, at, "gb_s", "is too large");
	mb_ms = (uint64_t)((product + MICRO - 1) / MICRO);
	if (err == 0)
		err = member_whole(c, at, units_name, requests, &mb_ms);
	if (err == 0)
		err = member_micro(c, at, "vcpu_s", &mcpu_ms);
	if (err == 0)
		err = member_micro(c, at, "ghz_s", &mhz_ms);
	part->billable =
	    has_units ? ESTIMATE_AZURE
		      : ESTIMATE_AWS | ESTIMATE_AZURE |
			    (member_is_there(at, "vcpu_s") ? ESTIMATE_GCP_RUN : 0) |
			    (member_is_there(at, "ghz_s") ? ESTIMATE_GCP_FUNCTIONS : 0);
	item[USAGE_AWS_MB_MS] = item[USAGE_AZURE_MB_MS] = item[USAGE_RUN_MB_MS] =
	    item[USAGE_FLEX_MB_MS] = item[USAGE_GCF_MB_MS] = mb_ms;
	item[USAGE_RUN_MCPU_MS] = mcpu_ms;
	item[USAGE_GCF_MHZ_MS] = mhz_ms;
	item[USAGE_AWS_REQUESTS] = item[USAGE_AZURE_EXECUTIONS] =
	    item[USAGE_RUN_REQUESTS] = n;
	return err;
}

/* Whether the usage is given as such; then what makes it up must not be. */
static int check_totals(const struct check *c, const struct place *at, bool *has_totals)
{
	const char *total = member_is_there(at, "gb_s")
				? "gb_s"
				: member_name(at, "function_execution_units_mb_ms");

	*has_totals = total != NULL;
	for (const char *const *p = all_lengths; total && *p; p++) {
		if (member_is_there(at, *p))
			return member_refuse(
			    c, at, *p, "does not go with %s, which has it in it", total);
	}
	if (!total && member_is_there(at, "vcpu_s"))
		return member_refuse(c, at, "vcpu_s", "goes with gb_s only");
	if (!total && member_is_there(at, "ghz_s"))
		return member_refuse(c, at, "ghz_s", "goes with gb_s only");
	return 0;
}

int estimate_describe(
    const struct check *c, const struct place *at, struct estimate_part *out)
{
	struct description d = {
	    .requests = 1, .tmp_mb = TMP_FREE_MB, .concurrency = 1, .start_ns = START_NS};
	struct estimate_part part = {.billable = ESTIMATE_ALL};
	bool has_totals = false;
	int err = check_is_object(c, at);

	if (err == 0)
		err = members_check(c, at);
	if (err == 0)
		err = read_place(c, at, &part);
	if (err == 0)
		err = check_totals(c, at, &has_totals);
	if (err == 0)
		err =
		    has_totals ? read_totals(c, at, &part) : read_description(c, at, &d);
	if (err < 0)
		return err;
	if (has_totals)
		d.requests = 0;
	else if (description_count(&d, &part) < 0)
		return check_refuse(c, at, NULL, "too much to count in 64 bits");
	part.memory_mb = (uint32_t)d.memory_mb;
	err = own_host_read(c, at, &part.host);
	if (err == 0)
		err = description_read_stated(c, at, &d, &part);
	if (err == 0)
		*out = part;
	return err;
}
