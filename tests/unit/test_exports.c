/* What a collector sends by itself, to a receiver that keeps it. */
#include "serve/exports.h"
#include "tests/unit/answers_place.h"
#include "tests/unit/otlp_taken.h"
#include "tests/unit/receiver.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct receiver receiver;

/* The place again, with exports to the receiver. */
static int set_up_sending(void **state)
{
	static const char *const answers[] = {RECEIVER_OK};
	struct exports_settings settings = {.interval_s = 3600};
	struct place *place;
	int fd;

	receiver_start(&receiver, answers, 1);
	(void)set_up(state);
	place = *state;
	ingest_unobserve(place->ingest, place->exports);
	exports_stop(place->exports);
	exports_free(place->exports);
	(void)snprintf(settings.otlp, sizeof(settings.otlp), "http://127.0.0.1:%u/up/",
	    receiver.port);
	(void)snprintf(settings.remote_write, sizeof(settings.remote_write),
	    "http://127.0.0.1:%u/write", receiver.port);
	(void)snprintf(settings.otlp_token_file, sizeof(settings.otlp_token_file),
	    "%s/token", place->directory);
	fd = open(settings.otlp_token_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "secret\n", 7), 7);
	assert_int_equal(close(fd), 0);
	assert_int_equal(exports_start(&settings, place->directory, place->store,
			     place->ingest, &place->exports),
	    0);
	place->answers.exports = place->exports;
	return 0;
}

/* Ends all of it, as a collector does, so that everything was sent. */
static int sent_to(struct place *place, const char *path)
{
	char line[64];
	int n = 0;
	void *state = place;

	(void)tear_down(&state);
	receiver_stop(&receiver);
	(void)snprintf(line, sizeof(line), "POST %s HTTP/1.1\r\n", path);
	for (int i = 0; i < receiver.n; i++)
		n += strncmp(receiver.requests[i], line, strlen(line)) == 0;
	return n;
}

static void test_exports_send_what_is_left_when_they_end(void **state)
{
	struct place *place = *state;

	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	assert_int_equal(sent_to(place, "/up/v1/traces"), 1);
	assert_int_equal(receiver.n, 3);
	for (int i = 0; i < receiver.n; i++)
		assert_non_null(strstr(
		    receiver.requests[i], "Content-Type: application/x-protobuf\r\n"));
}

static void test_exports_send_figures_to_each_address(void **state)
{
	struct place *place = *state;

	say(place, "f", place->now_ns, ",\"duration_ms\":1");
	assert_int_equal(sent_to(place, "/write"), 1);
	for (int i = 0; i < receiver.n; i++) {
		bool is_write = strncmp(receiver.requests[i], "POST /write ", 12) == 0;

		assert_int_equal(is_write,
		    strstr(receiver.requests[i], "Content-Encoding: snappy\r\n") != NULL);
		/* each its own token, and only it */
		assert_int_equal(!is_write,
		    strstr(receiver.requests[i], "Authorization: Bearer secret\r\n") !=
			NULL);
	}
}

/* They would go in circles, from one collector to the next and back. */
static void test_exports_do_not_send_spans_on(void **state)
{
	static const char spans[] = OTLP_REQUEST(OTLP_NAME, OTLP_SPAN("", ""));
	struct place *place = *state;

	expect_status(raw_send(place->port, "POST", "/v1/traces",
			  "Content-Type: application/json\r\n", spans, strlen(spans)),
	    200);
	assert_int_equal(sent_to(place, "/up/v1/traces"), 0);
	assert_int_equal(receiver.n, 2);
}

/* A file of that mode and content, and what comes of it as a token. */
static int read_token(mode_t mode, const char *content, char *header)
{
	char path[] = "/tmp/test_exports.XXXXXX";
	int fd = mkstemp(path);
	int err;

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(close(fd), 0);
	err = exports_read_token(path, header);
	assert_int_equal(unlink(path), 0);
	return err;
}

static void test_exports_take_a_token_that_is_private_and_one_line(void **state)
{
	char header[EXPORTS_HEADER_BYTES];
	char longer[EXPORTS_HEADER_BYTES + 1];

	(void)state;
	assert_int_equal(read_token(0600, "eyJ.a-b_c=\r\nmore\n", header), 0);
	assert_string_equal(header, "Authorization: Bearer eyJ.a-b_c=");
	assert_int_equal(read_token(0640, "abc\n", header), -EPERM);
	assert_int_equal(read_token(0600, "", header), -EINVAL);
	assert_int_equal(read_token(0600, "\nabc\n", header), -EINVAL);
	assert_int_equal(read_token(0600, "two words\n", header), -EINVAL);
	assert_int_equal(read_token(0600, "a\tb", header), -EINVAL);
	assert_int_equal(exports_read_token("/nowhere/token", header), -ENOENT);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	/* cut off it would be another one */
	assert_int_equal(read_token(0600, longer, header), -EINVAL);
}

static void test_exports_settings_say_what_is_wrong(void **state)
{
	char url[CONFIG_TEXT_BYTES] = "";
	const char *why = NULL;
	int number = 0;

	(void)state;
	assert_int_equal(exports_url("localhost:9090", url, &why), -EINVAL);
	assert_non_null(strstr(why, "http://"));
	assert_int_equal(exports_url("https://x/y", url, &why), 0);
	assert_string_equal(url, "https://x/y");
	assert_int_equal(exports_interval("0", &number, &why), -EINVAL);
	assert_int_equal(exports_interval("3601", &number, &why), -EINVAL);
	assert_int_equal(exports_interval(" 5", &number, &why), -EINVAL);
	assert_int_equal(exports_interval("5s", &number, &why), -EINVAL);
	assert_int_equal(exports_interval("", &number, &why), -EINVAL);
	assert_int_equal(exports_interval("5", &number, &why), 0);
	assert_int_equal(number, 5);
	assert_int_equal(exports_functions("100001", &number, &why), -EINVAL);
	assert_int_equal(exports_functions("0", &number, &why), -EINVAL);
	assert_int_equal(exports_histograms("Native", &number, &why), -EINVAL);
	assert_int_equal(exports_histograms("vmrange", &number, &why), 0);
	assert_int_equal(number, REMOTE_VMRANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(
		test_exports_send_what_is_left_when_they_end, set_up_sending),
	    cmocka_unit_test_setup(
		test_exports_send_figures_to_each_address, set_up_sending),
	    cmocka_unit_test_setup(test_exports_do_not_send_spans_on, set_up_sending),
	    cmocka_unit_test(test_exports_take_a_token_that_is_private_and_one_line),
	    cmocka_unit_test(test_exports_settings_say_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
