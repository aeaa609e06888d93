#include "store/clickhouse/link.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define CONNECT_TIMEOUT_MS 3000L
#define STATEMENT_TIMEOUT_MS 120000L /* a scan's step reads some 20 MB */
#define STALLED_S 30L                /* not a byte in either direction */
#define ANSWER_MAX_BYTES ((size_t)1 << 30)
#define IDLE_MAX 4
#define SAID_BYTES 400
#define REPEAT_S 10

struct link {
	struct clickhouse_address address;
	struct curl_slist *headers; /* the user and its password among them */
	atomic_bool stopping;
	pthread_mutex_t mutex; /* over what follows */
	CURL *idle[IDLE_MAX];
	size_t idle_n;
	char said[SAID_BYTES + CLICKHOUSE_HOST_BYTES + 64];
	time_t said_s;
};

struct call {
	struct link *link;
	struct row_out answer;
	link_source source; /* of an insert */
	void *context;
	struct row_out rows; /* what source gave, from sent on still to go */
	size_t sent;
	int source_err;
};

static int add_header(struct link *link, const char *name, const char *value)
{
	char line[CLICKHOUSE_PASSWORD_BYTES + 64];
	struct curl_slist *longer;

	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	longer = curl_slist_append(link->headers, line);
	if (!longer)
		return -ENOMEM;
	link->headers = longer;
	return 0;
}

int link_new(const struct clickhouse_address *address, struct link **out)
{
	struct link *link = calloc(1, sizeof(*link));
	int err;

	if (!link)
		return -ENOMEM;
	link->address = *address;
	(void)pthread_mutex_init(&link->mutex, NULL);
	err = add_header(link, "X-ClickHouse-User", address->user);
	if (!err && address->password[0])
		err = add_header(link, "X-ClickHouse-Key", address->password);
	if (!err) /* else libcurl waits a second for "100 Continue" */
		err = add_header(link, "Expect", "");
	if (!err)
		err = curl_global_init(CURL_GLOBAL_DEFAULT) ? -ENOMEM : 0;
	if (err) {
		link_free(link);
		return err;
	}
	*out = link;
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	for (size_t i = 0; i < link->idle_n; i++)
		curl_easy_cleanup(link->idle[i]);
	for (struct curl_slist *h = link->headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(link->headers);
	(void)pthread_mutex_destroy(&link->mutex);
	explicit_bzero(link, sizeof(*link));
	free(link);
}

void link_stop(struct link *link)
{
	link->stopping = true;
}

const struct clickhouse_address *link_address(const struct link *link)
{
	return &link->address;
}

/* --- one request -------------------------------------------------------------------- */

static size_t receive(const char *bytes, size_t size, size_t n, void *context)
{
	struct call *call = context;

	(void)size; /* 1, says libcurl */
	if (call->answer.n + n > ANSWER_MAX_BYTES)
		return 0;
	row_put_fixed(&call->answer, bytes, n);
	return call->answer.failed ? 0 : n;
}

static size_t give(char *to, size_t size, size_t n, void *context)
{
	struct call *call = context;
	size_t left = call->rows.n - call->sent;

	n *= size;
	if (left == 0) {
		call->rows.n = 0;
		call->sent = 0;
		call->source_err = call->source(call->context, &call->rows);
		if (call->source_err == 1 && call->rows.failed)
			call->source_err = -ENOMEM;
		if (call->source_err < 0)
			return CURL_READFUNC_ABORT;
		left = call->rows.n;
	}
	n = n < left ? n : left;
	memcpy(to, call->rows.bytes + call->sent, n);
	call->sent += n;
	return n;
}

static int watch(
    void *context, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t up_now)
{
	const struct call *call = context;

	(void)total;
	(void)now;
	(void)up;
	(void)up_now;
	return call->link->stopping;
}

static CURL *borrow(struct link *link)
{
	CURL *easy = NULL;

	(void)pthread_mutex_lock(&link->mutex);
	if (link->idle_n > 0)
		easy = link->idle[--link->idle_n];
	(void)pthread_mutex_unlock(&link->mutex);
	if (!easy)
		return curl_easy_init();
	curl_easy_reset(easy); /* keeps the connection */
	return easy;
}

static void give_back(struct link *link, CURL *easy)
{
	(void)pthread_mutex_lock(&link->mutex);
	if (link->idle_n < IDLE_MAX)
		link->idle[link->idle_n++] = TAKE(easy);
	(void)pthread_mutex_unlock(&link->mutex);
	curl_easy_cleanup(easy);
}

/* Says it unless that was said just now. */
static void say(struct link *link, const char *what)
{
	char line[sizeof(link->said)];
	time_t now = time(NULL);
	bool again;

	(void)snprintf(line, sizeof(line), "ClickHouse at %s:%u: %s", link->address.host,
	    (unsigned int)link->address.port, what);
	(void)pthread_mutex_lock(&link->mutex);
	again = strcmp(link->said, line) == 0 && now - link->said_s < REPEAT_S;
	if (!again) {
		memcpy(link->said, line, sizeof(line));
		link->said_s = now;
	}
	(void)pthread_mutex_unlock(&link->mutex);
	if (!again)
		log_warn("%s", line);
}

static int transport_error(const struct call *call, CURLcode code, const char *detail)
{
	if (call->link->stopping)
		return -ECANCELED;
	if (call->source_err < 0)
		return call->source_err;
	say(call->link, detail[0] ? detail : curl_easy_strerror(code));
	switch ((int)code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		return -ECONNRESET;
	default:
		return -EIO;
	}
}

/* ClickHouse's own codes, the same in every release: src/Common/ErrorCodes.cpp. */
static int server_errno(long code)
{
	switch (code) {
	case 60: /* UNKNOWN_TABLE */
	case 81: /* UNKNOWN_DATABASE */
		return -ENOENT;
	case 192: /* UNKNOWN_USER */
	case 193: /* WRONG_PASSWORD */
	case 194: /* REQUIRED_PASSWORD */
	case 195: /* IP_ADDRESS_NOT_ALLOWED */
	case 291: /* DATABASE_ACCESS_DENIED */
	case 497: /* ACCESS_DENIED */
	case 516: /* AUTHENTICATION_FAILED */
		return -EACCES;
	case 241: /* MEMORY_LIMIT_EXCEEDED */
		return -ENOMEM;
	case 243: /* NOT_ENOUGH_SPACE */
		return -ENOSPC;
	case 202: /* TOO_MANY_SIMULTANEOUS_QUERIES */
	case 210: /* NETWORK_ERROR: between servers */
	case 225: /* NO_ZOOKEEPER */
	case 242: /* TABLE_IS_READ_ONLY: a replica without its ZooKeeper */
	case 252: /* TOO_MANY_PARTS: merges lag behind */
	case 279: /* ALL_CONNECTION_TRIES_FAILED */
	case 999: /* KEEPER_EXCEPTION */
		return -EAGAIN;
	case 159: /* TIMEOUT_EXCEEDED */
	case 209: /* SOCKET_TIMEOUT */
		return -ETIMEDOUT;
	default:
		return -EIO;
	}
}

/* "Code: 60, e.displayText() = ...", of newer ones "Code: 60. DB::Exception: ...". */
static int server_error(struct call *call, long status)
{
	static const char word[] = "Code: ";
	char said[SAID_BYTES];
	char line[SAID_BYTES];
	long code = 0;

	(void)text_copy_bytes(line, sizeof(line) - 32,
	    call->answer.n ? (const char *)call->answer.bytes : "", call->answer.n);
	line[strcspn(line, "\r\n")] = '\0';
	text_make_printable(line);
	if (strncmp(line, word, strlen(word)) == 0)
		code = strtol(line + strlen(word), NULL, 10);
	(void)snprintf(said, sizeof(said), "HTTP %ld: %.*s", status,
	    (int)(sizeof(said) - 32), line[0] ? line : "no reason given");
	say(call->link, said);
	return code == 0 && (status == 401 || status == 403) ? -EACCES
							     : server_errno(code);
}

static void set_up(struct call *call, CURL *easy, char *detail)
{
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, STATEMENT_TIMEOUT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALLED_S);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
	(void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
}

/* parameters: behind the '?', escaped. body: the statement, or NULL for what the call's
 * source gives. */
static int perform(struct call *call, const char *parameters, const char *body)
{
	struct link *link = call->link;
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist chunked = {
	    .data = (char *)"Transfer-Encoding: chunked", .next = link->headers};
	AUTO(free) char *url = NULL;
	CURL *easy = borrow(link);
	CURLcode code;
	long status = 0;
	int err = -ENOMEM;

	if (!easy || asprintf(&url, "http://%s:%u/?%s", link->address.host,
			 (unsigned int)link->address.port, parameters) < 0) {
		url = NULL;
		goto out;
	}
	set_up(call, easy, detail);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, body ? link->headers : &chunked);
	if (body) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	} else {
		(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 18);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, call);
	}
	code = curl_easy_setopt(easy, CURLOPT_URL, url);
	if (!code)
		code = curl_easy_perform(easy);
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code)
		err = transport_error(call, code, detail);
	else
		err = status == 200 ? 0 : server_error(call, status);
out:
	if (easy)
		give_back(link, easy);
	row_out_done(&call->rows);
	return err;
}

int link_run(struct link *link, enum link_where where, const char *sql)
{
	struct call call = {.link = link};
	char parameters[CLICKHOUSE_NAME_BYTES + 64];
	int err;

	(void)snprintf(parameters, sizeof(parameters), "database=%s",
	    where == LINK_OUTSIDE ? "default" : link->address.database);
	err = perform(&call, parameters, sql);
	row_out_done(&call.answer);
	return err;
}

static int select_from(
    struct link *link, const char *database, const char *sql, uint8_t **bytes, size_t *n)
{
	struct call call = {.link = link};
	AUTO(free) char *statement = NULL;
	char parameters[CLICKHOUSE_NAME_BYTES + 64];
	int err;

	if (asprintf(&statement, "%s FORMAT RowBinary", sql) < 0) {
		statement = NULL;
		return -ENOMEM;
	}
	/* Waits for the end, so that an error half way has its own status. */
	(void)snprintf(
	    parameters, sizeof(parameters), "database=%s&wait_end_of_query=1", database);
	err = perform(&call, parameters, statement);
	if (err) {
		row_out_done(&call.answer);
		return err;
	}
	*bytes = TAKE(call.answer.bytes);
	*n = call.answer.n;
	return 0;
}

int link_select(struct link *link, const char *sql, uint8_t **bytes, size_t *n)
{
	return select_from(link, link->address.database, sql, bytes, n);
}

int link_select_outside(struct link *link, const char *sql, uint8_t **bytes, size_t *n)
{
	return select_from(link, "default", sql, bytes, n);
}

int link_insert(struct link *link, const char *sql, link_source source, void *context)
{
	struct call call = {.link = link, .source = source, .context = context};
	AUTO(free) char *parameters = NULL;
	/* Newer ones know the setting by this name too. Without it a Distributed table
	 * takes rows before a shard has them. */
	char *escaped = curl_easy_escape(NULL, sql, 0);
	int err;

	if (!escaped ||
	    asprintf(&parameters, "database=%s%s&query=%s", link->address.database,
		link->address.cluster[0] ? "&insert_distributed_sync=1" : "",
		escaped) < 0)
		parameters = NULL;
	curl_free(escaped);
	if (!parameters)
		return -ENOMEM;
	err = perform(&call, parameters, NULL);
	row_out_done(&call.answer);
	return err;
}

static int give_once(void *context, struct row_out *out)
{
	const struct row_out **rows = context;

	if (!*rows)
		return 0;
	row_put_fixed(out, (*rows)->bytes, (*rows)->n);
	*rows = NULL;
	return 1;
}

int link_insert_rows(struct link *link, const char *sql, const struct row_out *rows)
{
	char statement[1024];

	(void)snprintf(statement, sizeof(statement), "%s FORMAT RowBinary", sql);
	return rows->failed ? -ENOMEM
			    : link_insert(link, statement, give_once, (void *)&rows);
}
