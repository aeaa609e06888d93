/* What the agent's sender counts: nothing that was added goes uncounted, whatever becomes
 * of it. Nobody listens where it sends to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "agent/sender.h"
#include "base/clock.h"
#include "tests/unit/receiver.h"

#define NOBODY "http://127.0.0.1:1" /* tcpmux: no port for a collector */
#define ROOM (1 << 20)

#define FOLDER "/tmp/coldmeter-sender-XXXXXX"

static char folder[] = FOLDER;
static struct spool *spool;
static struct sender *sender;
static struct untold *untold;
static uint64_t seen;

static struct batch_ledger ledger_now(void)
{
	struct batch_ledger ledger = {0};

	sender_ledger(sender, &ledger);
	return ledger;
}

static uint64_t delivered(void)
{
	return ledger_now().delivered;
}

static uint64_t lost(void)
{
	return ledger_now().lost[LOST_SPOOL_FULL];
}

/* Delivered and lost, whatever the reason. */
static uint64_t accounted(void)
{
	struct batch_ledger ledger = ledger_now();
	uint64_t n = ledger.delivered;

	for (int i = 0; i < LOST_REASONS; i++)
		n += ledger.lost[i];
	return n;
}

static void read_counts(void *context, struct batch_head *head)
{
	(void)context;
	head->ledger = ledger_now();
	head->ledger.seen = seen;
}

static void open_sender_to(const char *url, const char *directory, uint64_t limit_bytes)
{
	const struct sender_target target = {.url = url};

	seen = 0;
	assert_int_equal(spool_open(directory, limit_bytes, &spool), 0);
	assert_int_equal(sender_open(&target, spool, read_counts, NULL, &sender), 0);
}

/* With a spool on disk. */
static void open_sender(uint64_t limit_bytes)
{
	(void)snprintf(folder, sizeof(folder), FOLDER);
	assert_non_null(mkdtemp(folder));
	open_sender_to(NOBODY, folder, limit_bytes);
}

static int remove_one(
    const char *path, const struct stat *status, int what, struct FTW *place)
{
	(void)status;
	(void)what;
	(void)place;
	return remove(path);
}

static int close_sender(void **state)
{
	(void)state;
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	sender_close(sender);
	spool_close(spool);
	sender = NULL;
	spool = NULL;
	untold_free(untold);
	untold = NULL;
	return 0;
}

static void add(int n)
{
	static const struct function hello = {
	    .platform = PLATFORM_GENERIC, .name = "hello"};
	struct invocation inv = {.function = &hello,
	    .kind = KIND_HTTP,
	    .start_type = START_WARM,
	    .has = HAS_DURATION,
	    .duration_ns = 1000000,
	    .concurrency = 1};

	for (int i = 0; i < n; i++) {
		seen++;
		inv.start_ns = (int64_t)(1000000000 + seen * 7919 % 1000003);
		(void)snprintf(inv.request_id, sizeof(inv.request_id), "%016llx",
		    seen * 0x9e3779b97f4a7c15ULL);
		sender_add(sender, &inv);
		assert_int_equal(accounted(), seen);
	}
}

/* Checks every batch that waits. */
static uint64_t count_spooled(void)
{
	const uint8_t *bytes;
	size_t bytes_n;
	uint64_t n = 0;

	while (spool_peek(spool, &bytes, &bytes_n) == 0) {
		struct batch *batch;

		assert_int_equal(batch_decode(bytes, bytes_n, &batch, NULL), 0);
		n += batch->invocations_n;
		assert_int_equal(batch->head.ledger.delivered, n);
		assert_true(batch->head.ledger.seen >= n);
		assert_true(batch->head.ledger.seen <= n + 1); /* the one that is added */
		batch_free(batch);
		spool_pop(spool);
	}
	return n;
}

static void test_a_batch_sealed_because_it_is_full_carries_the_counts(void **state)
{
	(void)state;
	open_sender(ROOM);
	while (spool_waiting(spool) < 3)
		add(1);
	assert_int_equal(count_spooled(), seen - 1);
	assert_int_equal(lost(), 0);
	sender_flush(sender, 100);
}

static void test_what_a_full_spool_does_not_take_is_lost_once(void **state)
{
	uint64_t kept;

	(void)state;
	open_sender(ROOM / 8);
	while (!lost())
		add(1);
	add((int)lost() - 2); /* one in the making that has no room either */
	kept = delivered();
	sender_flush(sender, 100); /* the one in the making is lost too */
	assert_true(delivered() < kept);
	assert_int_equal(delivered() + lost(), seen);
	assert_int_equal(count_spooled(), delivered());
}

static void test_room_again_is_used_again(void **state)
{
	uint64_t before;

	(void)state;
	open_sender(ROOM / 8);
	while (!lost())
		add(1);
	before = lost();
	while (spool_waiting(spool) > 0)
		spool_pop(spool);
	add(1000);
	sender_flush(sender, 100);
	assert_int_equal(lost(), before);
	assert_int_equal(delivered(), seen - before);
}

/* Of one function, in what waits. */
static uint64_t told(enum lost_reason reason)
{
	const uint8_t *bytes;
	size_t bytes_n;
	uint64_t n = 0;

	while (spool_peek(spool, &bytes, &bytes_n) == 0) {
		struct batch *batch;

		assert_int_equal(batch_decode(bytes, bytes_n, &batch, NULL), 0);
		for (size_t i = 0; i < batch->losses_n; i++) {
			assert_string_equal(batch->losses[i].function->name, "hello");
			if (batch->losses[i].reason == reason)
				n += batch->losses[i].n;
		}
		batch_free(batch);
		spool_pop(spool);
	}
	return n;
}

/* Also those that were on their way with a batch that was lost itself. */
static void test_a_batch_that_is_taken_tells_what_was_lost_before(void **state)
{
	const struct function hello = {.platform = PLATFORM_GENERIC, .name = "hello"};

	(void)state;
	assert_int_equal(untold_new(&untold), 0);
	open_sender(ROOM / 8);
	sender_tell(sender, untold);
	while (!lost())
		add(1);
	untold_add(untold, &hello, LOST_SHED, 77);
	add(5000); /* some batches with it are lost */
	assert_int_equal(told(LOST_SHED), 0);
	add(1000);
	sender_flush(sender, 100);
	assert_int_equal(told(LOST_SHED), 77);
}

static void test_losses_are_told_once_and_in_full(void **state)
{
	uint64_t before;

	(void)state;
	assert_int_equal(untold_new(&untold), 0);
	open_sender(ROOM / 8);
	sender_tell(sender, untold);
	while (!lost())
		add(1);
	add(3000);
	before = lost();
	while (spool_waiting(spool) > 0)
		spool_pop(spool);
	add(1000);
	sender_flush(sender, 100);
	assert_int_equal(lost(), before);
	assert_int_equal(told(LOST_SPOOL_FULL), before);
	sender_flush(sender, 100);
	assert_int_equal(told(LOST_SPOOL_FULL), 0);
}

static void test_what_a_spool_in_memory_still_holds_at_the_end_is_lost(void **state)
{
	struct batch_ledger ledger;

	(void)state;
	open_sender_to(NOBODY, NULL, ROOM);
	add(10);
	sender_flush(sender, 100);
	ledger = ledger_now();
	assert_int_equal(ledger.delivered, 0);
	assert_int_equal(ledger.lost[LOST_AGENT_GONE], 10);
	assert_int_equal(spool_waiting(spool), 0);
}

static void test_a_batch_that_the_collector_refuses_is_lost_with_a_reason(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("400 Bad Request", ""), RECEIVER_OK};
	struct batch_ledger ledger;
	struct receiver receiver;
	char url[64];

	(void)state;
	receiver_start(&receiver, answers, 2);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", receiver.port);
	open_sender_to(url, NULL, ROOM);
	add(3);
	sender_flush(sender, 2000); /* refused */
	add(4);
	sender_flush(sender, 2000);
	receiver_stop(&receiver);
	ledger = ledger_now();
	assert_int_equal(ledger.lost[LOST_REFUSED], 3);
	assert_int_equal(ledger.delivered, 4);
	assert_int_equal(ledger.lost[LOST_AGENT_GONE], 0);
}

static void work_for(uint64_t ms)
{
	uint64_t until = clock_boot_ns() + ms * 1000000;

	while (clock_boot_ns() < until)
		sender_work(sender, 20);
}

/* By itself it would come back after half a second. */
static void test_it_comes_back_when_the_collector_says_so(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("429 Too Many Requests", "Retry-After: 2\r\n"), RECEIVER_OK};
	struct receiver receiver;
	char url[64];

	(void)state;
	receiver_start(&receiver, answers, 2);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", receiver.port);
	open_sender_to(url, NULL, ROOM);
	add(3);
	work_for(1800);
	assert_int_equal(atomic_load(&receiver.n), 1);
	work_for(1000);
	assert_int_equal(atomic_load(&receiver.n), 2);
	receiver_stop(&receiver);
	assert_int_equal(spool_waiting(spool), 0);
}

/* In a child, whose own host name it is. 2: this user may not have one. */
static int send_from(const char *host)
{
	const uint8_t *bytes;
	size_t bytes_n;

	if (unshare(CLONE_NEWUTS) < 0 || sethostname(host, strlen(host)) < 0)
		return 2;
	open_sender_to(NOBODY, NULL, ROOM);
	add(1);
	sender_work(sender, 600); /* as long as a batch waits for more */
	sender_work(sender, 0);
	if (spool_peek(spool, &bytes, &bytes_n) < 0)
		return 3;
	return memmem(bytes, bytes_n, "h?box", 5) ? 0 : 1;
}

static void test_a_batch_has_the_name_of_its_host_as_text(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(send_from("h\xff"
				"box"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		test_a_batch_sealed_because_it_is_full_carries_the_counts, close_sender),
	    cmocka_unit_test_teardown(
		test_what_a_full_spool_does_not_take_is_lost_once, close_sender),
	    cmocka_unit_test_teardown(test_room_again_is_used_again, close_sender),
	    cmocka_unit_test_teardown(
		test_a_batch_that_is_taken_tells_what_was_lost_before, close_sender),
	    cmocka_unit_test_teardown(
		test_losses_are_told_once_and_in_full, close_sender),
	    cmocka_unit_test_teardown(
		test_what_a_spool_in_memory_still_holds_at_the_end_is_lost, close_sender),
	    cmocka_unit_test(test_a_batch_has_the_name_of_its_host_as_text),
	    cmocka_unit_test_teardown(
		test_a_batch_that_the_collector_refuses_is_lost_with_a_reason,
		close_sender),
	    cmocka_unit_test_teardown(
		test_it_comes_back_when_the_collector_says_so, close_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
