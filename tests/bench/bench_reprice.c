/* Stored invocations priced anew: a month of raw batches in SQLite, read once through the
 * store's interface, counted by the rules of every plan, and an invoice under each.
 *
 * REPRICE_INVOCATIONS=10000000. They are stored for real, by another process, so that the
 * memory that is told is the pass's own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "price/invoice.h"
#include "price/plan.h"
#include "store/store.h"
#include "tests/bench/store_file.h"
#include "tests/bench/workload.h"

#define FUNCTIONS 300
#define RECORDS 1000 /* of a batch */
#define TOGETHER 32  /* batches of a transaction */
#define DAYS 30LL
#define BEGIN_NS 1793491200000000000LL /* 2026-11-01 */

static struct function functions[FUNCTIONS];
static char directory[64];

static double now_s(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_functions(void)
{
	for (size_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = i % 4 ? ARCH_X86_64 : ARCH_ARM64,
		    .memory_limit_mb = 128U << i % 4};
		(void)snprintf(
		    functions[i].name, sizeof(functions[i].name), "function-%zu", i);
		(void)snprintf(functions[i].region, sizeof(functions[i].region), "%s",
		    i % 3 ? "us-east-1" : "ap-northeast-1");
	}
}

/* The next batch: RECORDS invocations in order of time. */
static struct store_batch make_batch(
    struct batch_writer *w, unsigned int *seed, size_t number, int64_t step_ns)
{
	const struct batch_head head = {
	    .id = {.agent = {1}, .boot = {1}, .sequence = number + 1},
	    .host = "bench",
	    .sent_ns = 1};
	struct store_batch stored = {0};
	struct batch *batch;
	uint8_t *bytes;

	for (size_t i = 0; i < RECORDS; i++) {
		struct invocation inv = workload_invocation(functions, FUNCTIONS, seed,
		    BEGIN_NS + (int64_t)(number * RECORDS + i) * step_ns);

		if (batch_writer_add(w, &inv) < 0)
			die("batch_writer_add");
	}
	if (batch_writer_seal(w, &head, &bytes, &stored.raw_bytes) < 0 ||
	    batch_decode(bytes, stored.raw_bytes, &batch, NULL) < 0)
		die("batch_writer_seal");
	stored.batch = batch;
	stored.raw = bytes;
	return stored;
}

static int fill(size_t batches)
{
	int64_t step_ns = DAYS * 86400 * CLOCK_NS_PER_S / (int64_t)(batches * RECORDS);
	struct store_batch some[TOGETHER];
	unsigned int seed = 1;
	struct batch_writer *w;
	struct store *store;

	if (batch_writer_new(&w) < 0 || store_open(directory, &store) < 0)
		return 1;
	for (size_t done = 0, n; done < batches; done += n) {
		for (n = 0; n < TOGETHER && done + n < batches; n++)
			some[n] = make_batch(w, &seed, done + n, step_ns);
		if (store_write(store, some, n) < 0)
			return 1;
		for (size_t i = 0; i < n; i++) {
			batch_free((struct batch *)some[i].batch);
			free((void *)some[i].raw);
		}
	}
	batch_writer_free(w);
	store_close(store);
	return 0;
}

static void fill_elsewhere(size_t batches)
{
	double began = now_s(CLOCK_MONOTONIC);
	int status;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0)
		_exit(fill(batches));
	if (waitpid(child, &status, 0) < 0 || status != 0)
		die("filling");
	printf("reprice: %zu invocations stored in %.0f s\n", batches * RECORDS,
	    now_s(CLOCK_MONOTONIC) - began);
}

/* What is priced together: by region and architecture. */
struct sums {
	struct usage usage[4];
	uint64_t n;
};

static size_t place_of(const struct function *f)
{
	return (f->region[0] == 'a') * 2 + (f->arch == ARCH_ARM64);
}

static int count(void *context, const struct invocation *inv, const char *host)
{
	struct sums *sums = context;

	(void)host;
	plan_count_all(inv, &sums->usage[place_of(inv->function)]);
	sums->n++;
	return 0;
}

/* What the functions of a place bill for being there. */
static struct stated stand(const struct plan *plan, size_t place)
{
	struct stated stated = {0};

	for (size_t i = 0; plan->stand && i < FUNCTIONS; i++)
		if (place_of(&functions[i]) == place)
			(void)stated_add(&stated, plan->needs,
			    plan->stand(&functions[i], (uint64_t)DAYS * 86400000));
	return stated;
}

/* Under every plan that a ledger's usage is enough for; the number of those. */
static size_t price(const struct book *book, const struct sums *sums, struct money *total)
{
	static const char *const regions[] = {"us-east-1", "ap-northeast-1"};
	size_t priced = 0;

	for (size_t i = 0; plans[i]; i++) {
		struct invoice_grant grant = {0};
		bool is_aws = strcmp(plans[i]->provider, "aws") == 0;
		int err = (plans[i]->needs && !plans[i]->stand) || plans[i]->is_placeless;

		for (size_t k = 0; !err && k < 4; k++) {
			const struct stated stated = stand(plans[i], k);
			const struct invoice_options options = {
			    .region = is_aws ? regions[k / 2] : NULL,
			    .arch = k % 2 ? ARCH_ARM64 : ARCH_X86_64,
			    .free_tier = true,
			    .grant = &grant,
			    .stated = &stated};
			struct invoice invoice;

			err = invoice_make(
			    book, plans[i], &sums->usage[k], &options, &invoice, NULL);
			if (!err)
				*total = money_add(*total, invoice.total);
		}
		priced += !err;
	}
	return priced;
}

int main(void)
{
	const char *asked = getenv("REPRICE_INVOCATIONS");
	size_t n = asked ? strtoul(asked, NULL, 10) : 10000000;
	size_t batches = n < RECORDS ? 1 : n / RECORDS;
	struct sums sums = {.n = 0};
	struct money total = {0};
	struct rusage usage;
	struct store *store;
	struct book *book;
	char command[128];

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	make_functions();
	(void)snprintf(directory, sizeof(directory), "/tmp/bench_reprice.XXXXXX");
	if (!mkdtemp(directory))
		die("mkdtemp");
	fill_elsewhere(batches);
	if (store_open(directory, &store) < 0 || book_open_embedded(&book) < 0)
		die(directory);

	double began = now_s(CLOCK_MONOTONIC);
	double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);

	if (store_scan_invocations(store, BEGIN_NS,
		BEGIN_NS + DAYS * 86400 * CLOCK_NS_PER_S, NULL, false, count,
		&sums) < 0 ||
	    sums.n != batches * RECORDS)
		die("store_scan_invocations");
	size_t priced = price(book, &sums, &total);
	double took = now_s(CLOCK_MONOTONIC) - began;

	cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)getrusage(RUSAGE_SELF, &usage);
	printf(
	    "reprice: %.3g stored invocations under %zu plans in %.2f s, %.2f s of CPU "
	    "time: %.2f million/s, %.0f ns each; %.0f MB resident at most\n",
	    (double)sums.n, priced, took, cpu, (double)sums.n / took / 1e6,
	    cpu * 1e9 / (double)sums.n, (double)usage.ru_maxrss / 1024);
	store_close(store);
	book_free(book);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		die(directory);
	return priced > 0 && total.pico > 0 ? 0 : 1;
}
