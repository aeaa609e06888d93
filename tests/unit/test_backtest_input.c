/* Files of counts and of weights: forms that are read, and one error for each that is
 * not, with file and line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "tui/backtest/input.h"

#define PATH "/tmp/coldmeter-backtest-XXXXXX"

static char path[sizeof(PATH)];

static int make_file(void **state)
{
	int fd;

	(void)state;
	memcpy(path, PATH, sizeof(PATH));
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void put(const void *bytes, size_t n)
{
	AUTO(file) FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
}

static int read_text(const char *text, struct backtest_trace *trace, char *why)
{
	put(text, strlen(text));
	return backtest_input_read(path, 1000, trace, why);
}

static void expect_points(const struct backtest_trace *trace)
{
	assert_int_equal(trace->n, 2);
	assert_string_equal(trace->series[0].name, "f");
	assert_int_equal(trace->series[0].n, 2);
	assert_int_equal(trace->series[0].points[0].minute, 1);
	assert_int_equal(trace->series[0].points[0].value, 5);
	assert_int_equal(trace->series[0].points[1].minute, 3);
	assert_string_equal(trace->series[1].name, "a,\"b\"");
	assert_int_equal(trace->first_minute, 1);
	assert_int_equal(trace->last_minute, 9);
}

static const char *const forms[] = {
    "func,minute,count\nf,1,5\nf,3,1\n\"a,\"\"b\"\"\",9,1\n",
    "app,minute,containers\r\nf,3,1\r\n\"a,\"\"b\"\"\",9,1\r\n\r\nf,1,5",
    "\n\nfunc,minute,count\nf,3,1\nf,1,5\n\"a,\"\"b\"\"\",9,1\n",
    "\xef\xbb\xbf\"func\",minute,count\nf,3,1\nf,1,2\nf,1,3\n\"a,\"\"b\"\"\",9,1\n",
};

static void test_forms_of_a_file_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		AUTO(backtest_trace) struct backtest_trace trace = {0};
		char why[CSV_WHY_BYTES] = "";

		assert_int_equal(read_text(forms[i], &trace, why), 0);
		expect_points(&trace);
	}
}

static size_t pack(const char *text, uint8_t *out, size_t room)
{
	size_t n = strlen(text);
	char in[1024];
	z_stream z = {0};

	assert_true(n < sizeof(in));
	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	(void)snprintf(in, sizeof(in), "%s", text);
	z.next_in = (uint8_t *)in;
	z.avail_in = (unsigned int)n;
	z.next_out = out;
	z.avail_out = (unsigned int)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	return room - z.avail_out;
}

static void test_gzip_is_read_and_must_be_whole(void **state)
{
	uint8_t bytes[1024];
	char why[CSV_WHY_BYTES] = "";
	size_t n = pack(forms[0], bytes, sizeof(bytes));

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		AUTO(backtest_trace) struct backtest_trace trace = {0};

		put(bytes, n - cut);
		if (cut == 0) {
			assert_int_equal(backtest_input_read(path, 1000, &trace, why), 0);
			expect_points(&trace);
		} else {
			assert_true(backtest_input_read(path, 1000, &trace, why) < 0);
		}
	}
	bytes[n - 6] ^= 0xff; /* of the checksum */
	put(bytes, n);
	{
		AUTO(backtest_trace) struct backtest_trace trace = {0};

		assert_int_equal(backtest_input_read(path, 1000, &trace, why), -EBADMSG);
	}
	assert_non_null(strstr(why, "damaged gzip"));
}

static void test_each_fault_is_said_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* after the file's name */
	} cases[] = {
	    {"", ": nothing was counted"},
	    {"func,minute,count\n", ": nothing was counted"},
	    {"func,minute,count\nf,1,0\n", ": nothing was counted"},
	    {"f,1,5\n", ":1: the first line is no header like func,minute,count"},
	    {"\nf,1,5\n", ":2: the first line is no header like func,minute,count"},
	    {"func,minute\n", ":1: 2 columns, not name,minute,count"},
	    {"func,minute,count\n\nf,1,5,6\n", ":3: 4 columns, not name,minute,count"},
	    {"func,minute,count\nf,0,5\n",
		":2: \"0\" is no minute: they count from 1, to 527040"},
	    {"func,minute,count\nf,527041,5\n",
		":2: \"527041\" is no minute: they count from 1, to 527040"},
	    {"func,minute,count\nf,99999999999999999999,5\n",
		":2: \"99999999999999999999\" is no minute: they count from 1, to "
		"527040"},
	    {"func,minute,count\nf,1,-5\n", ":2: \"-5\" is no count from 0 to 1000"},
	    {"func,minute,count\nf,1,1001\n", ":2: \"1001\" is no count from 0 to 1000"},
	    {"func,minute,count\nf,1,600\nf,1,600\n",
		": \"f\" has more than 1000 in minute 1"},
	    {"func,minute,count\nf,1,600\nf,2,1\nf,1,600\n",
		": \"f\" has more than 1000 in minute 1"},
	    {"func,minute,count\nf,1,\n", ":2: \"\" is no count from 0 to 1000"},
	    {"func,minute,count\nf,1,1.5\n", ":2: \"1.5\" is no count from 0 to 1000"},
	    {"func,minute,count\n,1,1\n",
		":2: the name is empty or of more than 255 bytes"},
	    {"func,minute,count\n\"f,1,1\n", ":2: a quote is not closed"},
	    {"func,minute,count\n\"f\"g,1,1\n", ":2: a quote is not closed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(backtest_trace) struct backtest_trace trace = {0};
		char why[CSV_WHY_BYTES] = "";
		char want[CSV_WHY_BYTES];

		(void)snprintf(want, sizeof(want), "%s%s", path, cases[i].why);
		assert_true(read_text(cases[i].text, &trace, why) < 0);
		assert_string_equal(why, want);
	}
}

static void test_lines_and_bytes_have_limits(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	static char text[CSV_LINE_BYTES + 64] = "func,minute,count\n";
	char why[CSV_WHY_BYTES] = "";
	size_t head = strlen(text);

	(void)state;
	memset(text + head, ',', CSV_LINE_BYTES);
	put(text, head + CSV_LINE_BYTES);
	assert_int_equal(backtest_input_read(path, 1, &trace, why), -EFBIG);
	assert_non_null(strstr(why, ":2: a line of more than 8191 bytes"));
	put(text, head + CSV_LINE_BYTES - 1);
	assert_int_equal(backtest_input_read(path, 1, &trace, why), -EINVAL);
	assert_non_null(strstr(why, ":2: more than 64 columns"));
	put("func\0,minute,count\n", 19);
	assert_int_equal(backtest_input_read(path, 1, &trace, why), -EINVAL);
	assert_non_null(strstr(why, ":1: a byte 0"));
	assert_int_equal(backtest_input_read("/nowhere/at all", 1, &trace, why), -ENOENT);
	assert_string_equal(why, "/nowhere/at all: No such file or directory");
}

static int weigh(const char *text, struct backtest_trace *trace, char *why)
{
	put(text, strlen(text));
	return backtest_input_weigh(path, trace, why);
}

static void test_weights_are_found_by_their_columns(void **state)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	char why[CSV_WHY_BYTES] = "";

	(void)state;
	assert_int_equal(read_text("func,minute,count\nf,1,1\ng,1,1\n", &trace, why), 0);
	assert_int_equal(
	    weigh(
		"source,weight,func\nA,0.25,g\nB,1e3,f\nB,7,never called\n", &trace, why),
	    0);
	assert_true(trace.series[0].weight == 1000);
	assert_true(trace.series[1].weight == 0.25);
}

static void test_faults_of_weights_are_said(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
	    {"func,share\n", ":1: the first line names no columns func and weight"},
	    {"func,weight\nf\n", ":2: fewer columns than the first line has"},
	    {"func,weight\nf,-1\n",
		":2: \"-1\" is no weight: 0, or a number from 1e-09 to 1e+12"},
	    {"func,weight\nf,5e-324\n",
		":2: \"5e-324\" is no weight: 0, or a number from 1e-09 to 1e+12"},
	    {"func,weight\nf,inf\n",
		":2: \"inf\" is no weight: 0, or a number from 1e-09 to 1e+12"},
	    {"func,weight\nf,1 \n",
		":2: \"1 \" is no weight: 0, or a number from 1e-09 to 1e+12"},
	    {"func,weight\nf,\n",
		":2: \"\" is no weight: 0, or a number from 1e-09 to 1e+12"},
	    {"func,weight\ng,1\n", ": no weight for \"f\""},
	    {"func,weight\nf,0\n", ": every weight is 0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(backtest_trace) struct backtest_trace trace = {0};
		char why[CSV_WHY_BYTES] = "";
		char want[CSV_WHY_BYTES];

		assert_int_equal(read_text("func,minute,count\nf,1,1\n", &trace, why), 0);
		(void)snprintf(want, sizeof(want), "%s%s", path, cases[i].why);
		assert_true(weigh(cases[i].text, &trace, why) < 0);
		assert_string_equal(why, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms_of_a_file_are_read),
	    cmocka_unit_test(test_gzip_is_read_and_must_be_whole),
	    cmocka_unit_test(test_each_fault_is_said_with_its_line),
	    cmocka_unit_test(test_lines_and_bytes_have_limits),
	    cmocka_unit_test(test_weights_are_found_by_their_columns),
	    cmocka_unit_test(test_faults_of_weights_are_said),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
