/* Records of cold starts as phases and peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "agent/sandboxes/waterfall.h"

#define MS 1000000ULL
#define START (1000 * MS)

static const struct waterfall_sandbox web = {.start_ns = START, .api = ""};

static struct coldstart_mark mark(uint64_t ms, uint64_t cpu_ms, uint32_t pid)
{
	return (struct coldstart_mark){
	    .at_ns = START + ms * MS, .cpu_ns = cpu_ms * MS, .pid = pid};
}

static struct coldstart_exec exec(const char *name, uint64_t ms, uint64_t cpu_ms)
{
	struct coldstart_exec e = {.mark = mark(ms, cpu_ms, 7)};

	memcpy(e.name, name, strlen(name));
	return e;
}

/* sh becomes node: ready at 60 ms, an event at 70, answered at 75. */
static struct record_coldstart usual(void)
{
	return (struct record_coldstart){.execs = {exec("sh", 2, 1), exec("node", 5, 3)},
	    .marks = {mark(60, 50, 7), mark(70, 51, 7), mark(75, 54, 7)}};
}

static struct coldstart read(const struct record_coldstart *record)
{
	struct coldstart out;

	memset(&out, 0x55, sizeof(out));
	waterfall_read(record, &web, &out);
	return out;
}

static void check(const struct coldstart_phase *phase, const char *name, int64_t start_ms,
    uint64_t wall_ms, uint64_t cpu_ms)
{
	assert_string_equal(phase->name, name);
	assert_int_equal(phase->start_ns, start_ms * (int64_t)MS);
	assert_int_equal(phase->wall_ns, wall_ms * MS);
	assert_true(phase->has_counters);
	assert_int_equal(phase->cpu_ns, cpu_ms * MS);
}

static void test_phases_lie_between_moments(void **state)
{
	const struct record_coldstart record = usual();
	const struct coldstart c = read(&record);

	(void)state;
	assert_int_equal(c.phases_n, 5);
	check(&c.phases[0], "fork", 0, 2, 1);
	check(&c.phases[1], "exec sh", 2, 3, 2);
	check(&c.phases[2], "exec node", 5, 55, 47);
	check(&c.phases[3], "listen", 60, 10, 1);
	check(&c.phases[4], "event", 70, 5, 3);
	assert_int_equal(c.peers_n + c.others + c.helpers, 0);
}

static void test_programs_are_put_in_order(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	record.execs[7] = record.execs[0];
	memset(&record.execs[0], 0, sizeof(record.execs[0]));
	record.helpers = 9;
	c = read(&record);
	check(&c.phases[1], "exec sh", 2, 3, 2);
	check(&c.phases[2], "exec node", 5, 55, 47);
	assert_int_equal(c.helpers, 9);
}

static void test_a_runtime_asks_for_the_next_event(void **state)
{
	const struct waterfall_sandbox lambda = {
	    .start_ns = START, .is_lambda = true, .api = "127.0.0.1:9001"};
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	record.peers[0] = (struct coldstart_peer){.address = {127, 0, 0, 1},
	    .family = AF_INET,
	    .port = htons(9001),
	    .waits = 1};
	waterfall_read(&record, &lambda, &c);
	assert_string_equal(c.phases[3].name, "next");
	assert_int_equal(c.peers_n, 0); /* that is its Runtime API */
	assert_int_equal(read(&record).peers_n, 1);
}

static void test_an_init_that_failed_ends_with_its_process(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	memset(record.marks, 0, 2 * sizeof(record.marks[0]));
	c = read(&record);
	assert_int_equal(c.phases_n, 3);
	check(&c.phases[2], "exec node", 5, 70, 51);
	record.marks[MARK_RESPONSE].pid = 0; /* seen from outside: no counters */
	c = read(&record);
	assert_false(c.phases[2].has_counters);
	assert_int_equal(c.phases[2].wall_ns, 70 * MS);
}

static void test_a_cgroup_is_older_or_younger_than_its_process(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	record.cgroup_ns = START - 20 * MS;
	c = read(&record);
	assert_int_equal(c.phases_n, 6);
	assert_string_equal(c.phases[0].name, "cgroup");
	assert_int_equal(c.phases[0].start_ns, -20 * (int64_t)MS);
	assert_int_equal(c.phases[0].wall_ns, 20 * MS);
	assert_false(c.phases[0].has_counters);
	check(&c.phases[1], "fork", 0, 2, 1);
	record.cgroup_ns = START + MS;
	c = read(&record);
	assert_string_equal(c.phases[0].name, "fork");
	assert_int_equal(c.phases[0].wall_ns, MS);
	assert_false(c.phases[0].has_counters);
	check(&c.phases[1], "cgroup", 1, 1, 1);
}

static void test_a_cgroup_of_long_ago_was_made_for_something_else(void **state)
{
	const struct waterfall_sandbox late = {.start_ns = 100000 * MS, .api = ""};
	struct record_coldstart record = {.execs = {exec("sh", 0, 0)}};
	struct coldstart c;

	(void)state;
	record.execs[0].mark.at_ns = 100002 * MS;
	record.cgroup_ns = 41000 * MS;
	waterfall_read(&record, &late, &c);
	assert_string_equal(c.phases[0].name, "cgroup");
	record.cgroup_ns = 39000 * MS;
	waterfall_read(&record, &late, &c);
	assert_string_equal(c.phases[0].name, "fork");
}

static void test_what_the_sums_lack_is_known(void **state)
{
	struct record_coldstart record = usual();

	(void)state;
	record.execs[1].mark.running_ns = 1000 + 1 * MS;
	record.marks[MARK_READY].running_ns = 1000 + 4 * MS;
	assert_int_equal(read(&record).phases[2].cpu_ns, 50 * MS);
}

static void test_counters_of_another_process_never_run_backwards(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	record.execs[1].mark.disk_bytes = 4096;
	record.execs[1].mark.major_faults = 3;
	record.execs[1].mark.run_queue_ns = 5000;
	record.marks[MARK_READY] = mark(60, 1, 8);
	c = read(&record);
	assert_int_equal(c.phases[2].cpu_ns + c.phases[2].disk_bytes, 0);
	assert_int_equal(c.phases[2].major_faults + c.phases[2].run_queue_ns, 0);
}

static void test_an_inferred_ready_is_not_before_its_program(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	record.marks[MARK_READY].at_ns = START + 4 * MS; /* exec node was at 5 */
	c = read(&record);
	assert_int_equal(c.phases[2].wall_ns, 0);
	assert_int_equal(c.phases[3].start_ns, 5 * (int64_t)MS);
}

static void test_peers_are_named_and_the_longest_wait_comes_first(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	record.peers[0] = (struct coldstart_peer){.address = {10, 0, 0, 5},
	    .family = AF_INET,
	    .port = htons(5432),
	    .waits = 2,
	    .wait_ns = 5000};
	record.peers[1] =
	    (struct coldstart_peer){.address = {[10] = 0xff, 0xff, 10, 0, 0, 6},
		.family = AF_INET6,
		.port = htons(443),
		.waits = 1,
		.wait_ns = 7000};
	record.peers[3] = (struct coldstart_peer){.address = {0xfe, 0x80, [15] = 1},
	    .family = AF_INET6,
	    .port = htons(80),
	    .waits = 1,
	    .wait_ns = 6000};
	record.others = 4;
	record.others_wait_ns = 9000;
	c = read(&record);
	assert_int_equal(c.peers_n, 3);
	assert_string_equal(c.peers[0].peer, "10.0.0.6:443");
	assert_string_equal(c.peers[1].peer, "[fe80::1]:80");
	assert_string_equal(c.peers[2].peer, "10.0.0.5:5432");
	assert_int_equal(c.peers[2].waits, 2);
	assert_int_equal(c.others, 4);
	assert_int_equal(c.others_wait_ns, 9000);
}

/* What a peer of a path is called, of which the kernel left off the first bytes. */
static void assert_unix_peer(
    const char *path, size_t bytes, uint16_t left_off, const char *name)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	record.peers[1] = (struct coldstart_peer){
	    .family = AF_UNIX, .port = left_off, .waits = 1, .wait_ns = 5000};
	memcpy(record.paths[1], path, bytes);
	c = read(&record);
	assert_int_equal(c.peers_n, 1);
	assert_string_equal(c.peers[0].peer, name);
}

static void test_peers_on_unix_sockets_are_named_by_their_paths(void **state)
{
	char most[COLDSTART_PATH_BYTES];

	(void)state;
	assert_unix_peer("/run/db.sock", 13, 0, "unix:/run/db.sock");
	assert_unix_peer("\0name", 5, 0, "unix:@name");
	assert_unix_peer("", 0, 0, "unix:@");
	assert_unix_peer("d.sock", 7, 80, "unix:...d.sock");
	assert_unix_peer("/a\n\xff", 5, 0, "unix:/a??");
	memset(most, 'x', sizeof(most)); /* without an end */
	assert_unix_peer(
	    most, 50, 0, "unix:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	assert_unix_peer(most, sizeof(most), 0,
	    "unix:...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	assert_unix_peer(most, sizeof(most), 9,
	    "unix:...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void test_a_name_without_an_end_or_of_odd_bytes_is_printable(void **state)
{
	struct record_coldstart record = usual();
	struct coldstart c;

	(void)state;
	memcpy(record.execs[1].name, "\x1b[2Jaaaaaaaaaaaaaaaa", COLDSTART_NAME_BYTES);
	c = read(&record);
	assert_int_equal(
	    strlen(c.phases[2].name), strlen("exec ") + COLDSTART_NAME_BYTES);
	assert_null(strchr(c.phases[2].name, '\x1b'));
}

static void test_a_program_before_the_process_is_no_story(void **state)
{
	struct record_coldstart record = usual();

	(void)state;
	record.execs[0].mark.at_ns = START - 1;
	assert_int_equal(read(&record).phases_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_phases_lie_between_moments),
	    cmocka_unit_test(test_programs_are_put_in_order),
	    cmocka_unit_test(test_a_runtime_asks_for_the_next_event),
	    cmocka_unit_test(test_an_init_that_failed_ends_with_its_process),
	    cmocka_unit_test(test_a_cgroup_is_older_or_younger_than_its_process),
	    cmocka_unit_test(test_a_cgroup_of_long_ago_was_made_for_something_else),
	    cmocka_unit_test(test_what_the_sums_lack_is_known),
	    cmocka_unit_test(test_counters_of_another_process_never_run_backwards),
	    cmocka_unit_test(test_an_inferred_ready_is_not_before_its_program),
	    cmocka_unit_test(test_peers_are_named_and_the_longest_wait_comes_first),
	    cmocka_unit_test(test_peers_on_unix_sockets_are_named_by_their_paths),
	    cmocka_unit_test(test_a_name_without_an_end_or_of_odd_bytes_is_printable),
	    cmocka_unit_test(test_a_program_before_the_process_is_no_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
