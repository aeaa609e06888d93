/* The least that a collector of batches does: it takes bodies over the same HTTP server,
 * inflates batches, and writes these as they came into a file of SQLite's. No decoding,
 * no sums, no answers: what one like ours cannot be faster than. A process of its own. */
#ifndef COLDMETER_TESTS_BENCH_LEAST_H
#define COLDMETER_TESTS_BENCH_LEAST_H

#include <errno.h>
#include <sqlite3.h>
#include <zstd.h>

#include "serve/http.h"
#include "tests/bench/collector.h"
#include "wire/batch.h"

#define LEAST_GROUP 64 /* bodies of a commit */
#define LEAST_BODY_MAX_BYTES ((size_t)8 << 20)

struct least {
	sqlite3 *db;
	sqlite3_stmt *insert;
	size_t n;
};

static inline int least_inflate(const uint8_t *body, size_t body_bytes)
{
	static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	static uint8_t inflated[BATCH_MAX_INFLATED_BYTES];
	const uint8_t *at = memmem(body, body_bytes, magic, sizeof(magic));
	size_t left = at ? body_bytes - (size_t)(at - body) : 0;
	size_t n = at ? ZSTD_findFrameCompressedSize(at, left) : 0;

	if (!at || ZSTD_isError(n))
		return -EBADMSG;
	n = ZSTD_decompress(inflated, sizeof(inflated), at, n);
	return ZSTD_isError(n) ? -EBADMSG : 0;
}

static inline int least_keep(struct least *least, const uint8_t *body, size_t body_bytes)
{
	bool is_first = least->n % LEAST_GROUP == 0;

	if (is_first && sqlite3_exec(least->db, "COMMIT; BEGIN", NULL, NULL, NULL))
		return -EIO;
	least->n++;
	(void)sqlite3_bind_blob(least->insert, 1, body, (int)body_bytes, SQLITE_STATIC);
	if (sqlite3_step(least->insert) != SQLITE_DONE)
		return -EIO;
	return sqlite3_reset(least->insert) ? -EIO : 0;
}

static inline int least_batch(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	int err = least_inflate(request->body, request->body_bytes);

	(void)reply;
	return err ? err : least_keep(context, request->body, request->body_bytes);
}

static inline int least_other(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	(void)reply;
	return 0;
}

static inline void least_run(const char *directory, int said)
{
	static const struct http_route routes[] = {
	    {"POST", "/v1/batches", least_batch, BATCH_MAX_BYTES, HTTP_NEEDS_AGENT},
	    {"POST", "/v1/invocations", least_other, LEAST_BODY_MAX_BYTES,
		HTTP_NEEDS_AGENT},
	    {"POST", "/v1/traces", least_other, LEAST_BODY_MAX_BYTES, HTTP_NEEDS_AGENT},
	};
	static const char schema[] =
	    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
	    "CREATE TABLE raw(id INTEGER PRIMARY KEY, bytes BLOB); BEGIN";
	struct least least = {0};
	struct http *http;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/least.db", directory);
	if (sqlite3_open(path, &least.db) ||
	    sqlite3_exec(least.db, schema, NULL, NULL, NULL) ||
	    sqlite3_prepare_v2(
		least.db, "INSERT INTO raw(bytes) VALUES(?)", -1, &least.insert, NULL))
		die(path);
	if (http_new(&http) < 0 || http_add_routes(http, routes, 3, &least) < 0 ||
	    http_start(http, "127.0.0.1", 0) < 0)
		die("http_start");
	port = http_port(http);
	if (write(said, &port, sizeof(port)) != sizeof(port))
		die("write");
	(void)pause();
	_exit(0);
}

/* Its process; port is where it listens. */
static inline pid_t start_least(const char *directory)
{
	int fds[2];
	pid_t pid;

	(void)fflush(stdout);
	if (pipe(fds) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0)
		least_run(directory, fds[1]);
	(void)close(fds[1]);
	if (pid < 0 || read(fds[0], &port, sizeof(port)) != sizeof(port))
		die("the least collector");
	(void)close(fds[0]);
	return pid;
}

#endif
