/* Requests and answers as servers exchange them, and what they must come to. */
#ifndef COLDMETER_TESTS_REPLAY_HTTP_H
#define COLDMETER_TESTS_REPLAY_HTTP_H

#include "tests/unit/replay.h"

#define RECEIVE(r, text) replay_receive(r, text, sizeof(text) - 1)
#define SEND(r, text) replay_send(r, text, sizeof(text) - 1, NULL, 0)

/* as curl asks functions-framework */
static const char get[] = "GET /?ms=15 HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n"
			  "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
			 "Content-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\nhello";
static const char chunks[] = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
			     "5\r\nhello\r\n0\r\n\r\n";

static inline void is_counted(const struct replay *r, int begun, int ended)
{
	assert_int_equal(r->begun, begun);
	assert_int_equal(r->ended, ended);
}

/* One whole exchange, with what it must leave. */
static inline void is_answered(const struct replay *r, int nth, __u16 status)
{
	is_counted(r, nth, nth);
	assert_int_equal(r->e.status, status);
	assert_true(r->e.flags & INVOCATION_RESPONDED);
	assert_true(r->e.phase == PHASE_IDLE || r->e.phase == PHASE_IGNORE);
}

#endif
