/* HTTP/2 by its frames: streams that begin, answer, end and are given up. The header
 * blocks are what the encoder of python3-hpack made of the fields that the comments name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/replay_http2.h"

#define PIECES_MAX 40
#define END (HTTP2_END_STREAM | HTTP2_END_HEADERS)

/* :status 200, content-type text/plain */
static const __u8 head_200[] = {
    0x88, 0x5f, 0x87, 0x49, 0x7c, 0xa5, 0x8a, 0xe8, 0x19, 0xaa};
/* behind it: :status 503, content-type text/plain */
static const __u8 head_503[] = {0x48, 0x83, 0x6c, 0x0c, 0xff, 0xbf};
/* :status 503, x-request abc */
static const __u8 head_503_again[] = {
    0xbe, 0x40, 0x87, 0xf2, 0xb5, 0x85, 0xed, 0x69, 0x50, 0x9f, 0x82, 0x1c, 0x64};
static const __u8 head_418[] = {0x48, 0x83, 0x68, 0x2f, 0x7f};
static const __u8 head_503_later[] = {0xc0};
/* not in Huffman's code: 08 names :status without keeping it */
static const __u8 head_507_plain[] = {0x08, 0x03, '5', '0', '7'};

/* :status 200, content-type application/grpc; grpc-status 0; 0; 13, grpc-message; 13 */
static const __u8 grpc_head[] = {
    0x88, 0x5f, 0x8b, 0x1d, 0x75, 0xd0, 0x62, 0x0d, 0x26, 0x3d, 0x4c, 0x4d, 0x65, 0x64};
static const __u8 grpc_ok[] = {
    0x40, 0x88, 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f, 0x81, 0x07};
static const __u8 grpc_ok_again[] = {0xbe};
static const __u8 grpc_13[] = {0x7e, 0x82, 0x0b, 0x3f, 0x40, 0x89, 0x9a, 0xca, 0xc8, 0xb5,
    0x25, 0x42, 0x07, 0x31, 0x7f, 0x86, 0x1a, 0x14, 0x1a, 0x3a, 0x96, 0x4f};
static const __u8 grpc_13_again[] = {0xbf};
/* grpc-status 0 as some write it, without a table */
static const __u8 grpc_ok_plain[] = {
    0x00, 0x0b, 'g', 'r', 'p', 'c', '-', 's', 't', 'a', 't', 'u', 's', 0x01, '0'};

static const __u8 preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static struct replay_http2 opened(size_t piece)
{
	struct replay_http2 r = {0};

	http2_open(&r.h, 7);
	for (size_t at = 0; at < HTTP2_PREFACE_BYTES; at += piece) {
		size_t left = HTTP2_PREFACE_BYTES - at;

		replay_http2_move(&r, false, preface + at, left < piece ? left : piece);
	}
	replay_http2_frame(&r, false, 4, 0, 0, NULL, 18, piece); /* SETTINGS */
	replay_http2_frame(&r, true, 4, 0, 0, NULL, 6, piece);
	assert_int_equal(r.n, 0);
	return r;
}

static void is_event(
    const struct replay_http2 *r, int i, enum http2_step step, __u32 stream)
{
	assert_true(i < r->n);
	assert_int_equal(r->events[i].step, step);
	assert_int_equal(r->events[i].stream, stream);
}

#define SENT(r, flags, stream, block, piece)                                             \
	replay_http2_frame(                                                              \
	    r, true, HTTP2_HEADERS, flags, stream, block, sizeof(block), piece)

static void test_http2_a_request_and_its_answer_in_pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < PIECES_MAX; piece++) {
		struct replay_http2 r = opened(piece);

		replay_http2_frame(
		    &r, false, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, NULL, 40, piece);
		replay_http2_frame(
		    &r, false, HTTP2_DATA, HTTP2_END_STREAM, 1, NULL, 100, piece);
		SENT(&r, HTTP2_END_HEADERS, 1, head_200, piece);
		replay_http2_frame(&r, true, HTTP2_DATA, 0, 1, NULL, 16384, piece);
		replay_http2_frame(&r, true, 8, 0, 0, NULL, 4, piece); /* WINDOW_UPDATE */
		replay_http2_frame(
		    &r, true, HTTP2_DATA, HTTP2_END_STREAM, 1, NULL, 0, piece);
		assert_int_equal(r.n, 5);
		is_event(&r, 0, HTTP2_BEGINS, 1);
		assert_int_equal(r.events[0].length, 40);
		is_event(&r, 1, HTTP2_RECEIVES, 1);
		assert_int_equal(r.events[1].length, 100);
		is_event(&r, 2, HTTP2_SENDS, 1);
		assert_int_equal(r.events[2].status, 200);
		is_event(&r, 3, HTTP2_SENDS, 1);
		assert_int_equal(r.events[3].length, 16384);
		is_event(&r, 4, HTTP2_ENDS, 1);
	}
}

static void test_http2_an_answer_ends_with_the_last_byte_of_its_last_frame(void **state)
{
	struct replay_http2 r = opened(100);
	__u8 frame[HTTP2_FRAME_BYTES + 50] = {
	    0, 0, 50, HTTP2_DATA, HTTP2_END_STREAM, 0, 0, 0, 1};

	(void)state;
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 1, NULL, 40, 100);
	replay_http2_move(&r, true, frame, sizeof(frame) - 1);
	assert_int_equal(r.n, 1);
	replay_http2_move(&r, true, frame + sizeof(frame) - 1, 1);
	is_event(&r, 1, HTTP2_ENDS, 1);
}

static void test_http2_statuses_also_by_their_place_in_the_table(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < PIECES_MAX; piece++) {
		struct replay_http2 r = opened(piece);
		const __u16 wanted[] = {200, 503, 503, 418, 503, 507};

		SENT(&r, END, 1, head_200, piece);
		SENT(&r, END, 3, head_503, piece);
		SENT(&r, END, 5, head_503_again, piece);
		SENT(&r, END, 7, head_418, piece);
		SENT(&r, END, 9, head_503_later, piece);
		SENT(&r, END, 11, head_507_plain, piece);
		assert_int_equal(r.n, 6);
		for (int i = 0; i < 6; i++) {
			assert_int_equal(r.events[i].step, HTTP2_ENDS);
			assert_int_equal(r.events[i].status, wanted[i]);
			assert_int_equal(r.events[i].blind, 0);
		}
	}
}

static void test_http2_the_status_of_grpc_is_that_of_the_trailers(void **state)
{
	struct replay_http2 r = opened(1000);
	const __u8 wanted[] = {0, 1, 1, 2, 2, 1};

	(void)state;
	SENT(&r, HTTP2_END_HEADERS, 1, grpc_head, 1000);
	SENT(&r, END, 1, grpc_ok, 1000);
	SENT(&r, END, 3, grpc_ok_again, 1000);
	SENT(&r, END, 5, grpc_13, 1000);
	SENT(&r, END, 7, grpc_13_again, 1000);
	SENT(&r, END, 9, grpc_ok_plain, 1000);
	assert_int_equal(r.n, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(r.events[i].grpc, wanted[i]);
}

/* After what was not walked a place in the table may be anything; plain text may not. */
static void test_http2_a_block_that_was_not_walked_makes_places_unknown(void **state)
{
	struct replay_http2 r = opened(1000);

	(void)state;
	SENT(&r, END, 1, head_200, 1000);
	SENT(&r, END, 3, head_503, 1000);
	replay_http2_frame(&r, true, HTTP2_HEADERS, END, 5, NULL, 2000, 1000);
	assert_int_equal(r.events[2].status, 0);
	assert_true(r.events[2].blind);
	SENT(&r, END, 7, head_503_again, 1000);
	assert_int_equal(r.events[3].status, 0);
	assert_true(r.events[3].blind);
	SENT(&r, END, 9, head_200, 1000);
	assert_int_equal(r.events[4].status, 200);
}

static void test_http2_padding_and_priority_stand_around_the_block(void **state)
{
	struct replay_http2 r = opened(1000);
	const __u8 padded[] = {3, 0, 0, 0, 0, 16, 0x8d, 1, 2, 3};
	const __u8 too_much[] = {200, 0, 0, 0, 0, 16, 0x8d};

	(void)state;
	SENT(&r, END | HTTP2_PADDED | HTTP2_PRIORITY, 1, padded, 1000);
	assert_int_equal(r.events[0].status, 404);
	SENT(&r, END | HTTP2_PADDED | HTTP2_PRIORITY, 3, too_much, 1000);
	is_event(&r, 1, HTTP2_ENDS, 3);
	assert_int_equal(r.events[1].status, 0);
}

static void test_http2_only_a_new_stream_of_the_client_begins(void **state)
{
	struct replay_http2 r = opened(1000);

	(void)state;
	replay_http2_frame(&r, false, HTTP2_HEADERS, 4, 5, NULL, 10, 1000);
	replay_http2_frame(
	    &r, false, HTTP2_HEADERS, END, 5, NULL, 10, 1000); /* trailers */
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 3, NULL, 10, 1000); /* closed */
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 8, NULL, 10, 1000);
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 7, NULL, 10, 1000);
	assert_int_equal(r.n, 2);
	is_event(&r, 0, HTTP2_BEGINS, 5);
	is_event(&r, 1, HTTP2_BEGINS, 7);
}

static void test_http2_either_side_may_give_a_stream_up(void **state)
{
	struct replay_http2 r = opened(1000);

	(void)state;
	replay_http2_frame(&r, false, HTTP2_RST_STREAM, 0, 1, NULL, 4, 1000);
	replay_http2_frame(&r, true, HTTP2_RST_STREAM, 0, 3, NULL, 4, 1000);
	is_event(&r, 0, HTTP2_RESETS, 1);
	is_event(&r, 1, HTTP2_RESETS, 3);
}

static void test_http2_an_upgraded_request_is_stream_1(void **state)
{
	struct replay_http2 r = {0};

	(void)state;
	http2_upgrade(&r.h, 7, 5);
	replay_http2_move(&r, true, (const __u8 *)"1\r\n\r\n", 5);
	replay_http2_frame(&r, true, 4, 0, 0, NULL, 6, 1000);
	replay_http2_move(&r, false, preface, HTTP2_PREFACE_BYTES);
	SENT(&r, END, 1, head_200, 1000);
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 3, NULL, 10, 1000);
	assert_int_equal(r.n, 2);
	is_event(&r, 0, HTTP2_ENDS, 1);
	assert_int_equal(r.events[0].status, 200);
	is_event(&r, 1, HTTP2_BEGINS, 3);
}

/* How many of the streams that are open stand in a place of their own. */
static __u32 placed(const struct http2 *h)
{
	__u32 n = 0;

	for (int i = 0; i < HTTP2_PLACES; i++)
		n += h->places[i] != 0;
	return n;
}

static void test_http2_open_streams_are_found_again_or_known_to_be_more(void **state)
{
	const __u32 again = 1 + 2 * HTTP2_PLACES; /* where 1 stands */
	struct http2 h = {0};

	(void)state;
	for (__u32 id = 1; id < again; id += 2)
		http2_opens(&h, id);
	assert_int_equal(placed(&h), HTTP2_PLACES);
	assert_int_equal(h.crowded, 0);
	http2_opens(&h, again);
	http2_opens(&h, again + 2);
	assert_int_equal(h.open, HTTP2_PLACES + 2);
	assert_int_equal(h.crowded, 2);
	http2_shuts(&h, 1);
	assert_int_equal(h.crowded, 2);
	http2_opens(&h, again + 2 * HTTP2_PLACES); /* in the place of 1 */
	http2_shuts(&h, again);
	http2_shuts(&h, again + 2);
	assert_int_equal(h.crowded, 0);
	assert_int_equal(placed(&h), HTTP2_PLACES);
	http2_shuts(&h, again + 2 * HTTP2_PLACES);
	for (__u32 id = 3; id < again; id += 2)
		http2_shuts(&h, id);
	assert_int_equal(placed(&h), 0);
	assert_int_equal(h.open, 0);
	assert_int_equal(h.crowded, 0);
}

static void test_http2_a_connection_older_than_the_probes(void **state)
{
	struct replay_http2 r = {0};

	(void)state;
	http2_open_late(&r.h, 7);
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 301, NULL, 10, 1000);
	SENT(&r, END, 301, head_503_again, 1000);
	replay_http2_frame(&r, false, HTTP2_HEADERS, END, 303, NULL, 10, 1000);
	SENT(&r, END, 303, head_200, 1000);
	assert_int_equal(r.n, 4);
	assert_int_equal(r.events[1].status, 0);
	assert_true(r.events[1].blind);
	assert_int_equal(r.events[3].status, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_http2_a_request_and_its_answer_in_pieces_of_any_size),
	    cmocka_unit_test(
		test_http2_an_answer_ends_with_the_last_byte_of_its_last_frame),
	    cmocka_unit_test(test_http2_statuses_also_by_their_place_in_the_table),
	    cmocka_unit_test(test_http2_the_status_of_grpc_is_that_of_the_trailers),
	    cmocka_unit_test(test_http2_a_block_that_was_not_walked_makes_places_unknown),
	    cmocka_unit_test(test_http2_padding_and_priority_stand_around_the_block),
	    cmocka_unit_test(test_http2_only_a_new_stream_of_the_client_begins),
	    cmocka_unit_test(test_http2_either_side_may_give_a_stream_up),
	    cmocka_unit_test(test_http2_an_upgraded_request_is_stream_1),
	    cmocka_unit_test(test_http2_open_streams_are_found_again_or_known_to_be_more),
	    cmocka_unit_test(test_http2_a_connection_older_than_the_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
