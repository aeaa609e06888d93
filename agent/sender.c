#include "agent/sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define SEAL_AFTER_NS 500000000ULL /* an invocation is on its way within this */
#define HEARTBEAT_NS 5000000000ULL /* an empty batch says that the agent lives */
#define RETRY_MIN_NS 500000000ULL
#define RETRY_MAX_NS 10000000000ULL
#define RETRY_AFTER_MAX_S 600 /* a wrong clock somewhere must not stop us for days */
#define TOKEN_BYTES 512
#define CA_MAX_BYTES ((size_t)1 << 20) /* the whole web's have a quarter of it */

struct sender {
	struct spool *spool;
	struct untold *untold; /* NULL: none is told */
	struct batch_writer *writer;
	struct batch_head head;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	sender_read read;
	void *context;
	bool sending;
	bool complained;
	uint64_t first_ns; /* boot time of the oldest record in the writer */
	uint64_t sealed_ns;
	uint64_t retry_ns;
	uint64_t retry_step_ns;
	uint64_t sealed; /* invocations that the spool took */
	uint64_t lost;
	uint64_t refused;
	uint64_t left_behind;
	char url[1024];
};

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t drop_body(char *bytes, size_t size, size_t n, void *context)
{
	(void)bytes;
	(void)context;
	return size * n;
}

static int add_token(struct sender *s, const char *path)
{
	AUTO(file) FILE *f = fopen(path, "re");
	char line[sizeof("Authorization: Bearer ") + TOKEN_BYTES] =
	    "Authorization: Bearer ";
	size_t at = strlen(line);
	struct curl_slist *more;

	if (!f || !fgets(line + at, TOKEN_BYTES, f))
		return log_error(
		    f ? -ENODATA : -errno, "cannot read the token in %s", path);
	line[at + strcspn(line + at, "\r\n")] = '\0';
	more = curl_slist_append(s->headers, line);
	if (!more)
		return -ENOMEM;
	s->headers = more;
	return 0;
}

/* In memory, because whoever the agent becomes later may not read the file. */
static int trust(struct sender *s, const char *path)
{
	AUTO(file) FILE *f = fopen(path, "re");
	AUTO(free) char *pem = malloc(CA_MAX_BYTES);
	struct curl_blob blob = {.data = pem, .flags = CURL_BLOB_COPY};

	if (!f)
		return log_error(-errno, "cannot read the certificates in %s", path);
	if (!pem)
		return -ENOMEM;
	blob.len = fread(pem, 1, CA_MAX_BYTES, f);
	if (ferror(f) || blob.len == CA_MAX_BYTES ||
	    !memmem(pem, blob.len, "-----BEGIN", strlen("-----BEGIN")))
		return log_error(-EINVAL, "--ca-file %s: holds no certificate", path);
	return curl_easy_setopt(s->easy, CURLOPT_CAINFO_BLOB, &blob) ? -ENOMEM : 0;
}

static int prepare(struct sender *s, const struct sender_target *target)
{
	int err = batch_writer_new(&s->writer);

	s->multi = curl_multi_init();
	s->easy = curl_easy_init();
	s->headers = curl_slist_append(NULL, "Content-Type: " BATCH_CONTENT_TYPE);
	if (err || !s->multi || !s->easy || !s->headers)
		return -ENOMEM;
	if (target->token_file)
		err = add_token(s, target->token_file);
	if (!err && target->ca_file)
		err = trust(s, target->ca_file);
	if (err)
		return err;
	if (gethostname(s->head.host, sizeof(s->head.host) - 1) < 0)
		return -errno;
	text_make_printable(s->head.host);
	memcpy(s->head.id.agent, spool_agent_id(s->spool), sizeof(s->head.id.agent));
	if (getrandom(s->head.id.boot, sizeof(s->head.id.boot), 0) < 0)
		return -errno;
	(void)curl_easy_setopt(s->easy, CURLOPT_URL, s->url);
	(void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
	(void)curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, drop_body);
	(void)curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT, 5L);
	(void)curl_easy_setopt(s->easy, CURLOPT_TIMEOUT, 30L);
	(void)curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(s->easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(s->easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "coldmeter-agent");
	return 0;
}

int sender_open(const struct sender_target *target, struct spool *spool, sender_read read,
    void *context, struct sender **out)
{
	const char *url = target->url;
	struct sender *s;
	size_t len = strlen(url);
	int err;

	while (len > 8 && url[len - 1] == '/')
		len--;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	if ((size_t)snprintf(s->url, sizeof(s->url), "%.*s/v1/batches", (int)len, url) >=
	    sizeof(s->url)) {
		free(s);
		return log_error(-ENAMETOOLONG, "--collector: the address is too long");
	}
	s->spool = spool;
	s->read = read;
	s->context = context;
	err = prepare(s, target);
	if (err) {
		sender_close(s);
		return err;
	}
	*out = s; /* the first heartbeat is due at once: the agent before is gone */
	return 0;
}

void sender_close(struct sender *s)
{
	if (!s)
		return;
	if (s->sending)
		(void)curl_multi_remove_handle(s->multi, s->easy);
	curl_easy_cleanup(s->easy);
	(void)curl_multi_cleanup(s->multi);
	curl_slist_free_all(s->headers);
	batch_writer_free(s->writer);
	free(s);
}

void sender_ledger(const struct sender *s, struct batch_ledger *ledger)
{
	ledger->delivered = s->sealed + batch_writer_count(s->writer);
	ledger->lost[LOST_SPOOL_FULL] = s->lost;
	ledger->lost[LOST_REFUSED] = s->refused;
	ledger->lost[LOST_AGENT_GONE] = s->left_behind;
}

/* Those of an agent before it are in that one's ledger. */
static void tell_lost(
    struct sender *s, const uint8_t *bytes, size_t bytes_n, enum lost_reason reason)
{
	struct batch *batch;

	if (!s->untold || batch_decode(bytes, bytes_n, &batch, NULL) < 0)
		return;
	if (memcmp(batch->head.id.boot, s->head.id.boot, sizeof(s->head.id.boot)) == 0)
		untold_add_batch(s->untold, batch, reason);
	batch_free(batch);
}

/* Takes the oldest batch out of the spool. Returns how many invocations of this agent's
 * were in it. */
static uint64_t drop_oldest(struct sender *s, enum lost_reason reason)
{
	const uint8_t *bytes;
	size_t bytes_n;
	uint64_t n;

	if (spool_peek(s->spool, &bytes, &bytes_n) == 0)
		tell_lost(s, bytes, bytes_n, reason);
	n = spool_pop(s->spool);
	s->sealed -= n;
	return n;
}

void sender_tell(struct sender *s, struct untold *untold)
{
	s->untold = untold;
}

static void lose(struct sender *s, uint64_t n, int err)
{
	if (!s->lost && n)
		(void)log_error(
		    err, "the spool takes no more: invocations are lost from now on");
	s->lost += n;
}

/* What could not be sealed stays in the writer; what the spool does not take is lost. */
static int seal(struct sender *s)
{
	uint64_t n = batch_writer_count(s->writer);
	uint8_t *batch;
	size_t bytes;
	int err;

	s->head.id.sequence++;
	s->head.sent_ns = clock_wall_ns();
	s->sealed_ns = clock_boot_ns();
	s->read(s->context, &s->head);
	if (s->untold)
		untold_tell(s->untold, s->writer);
	err = batch_writer_seal(s->writer, &s->head, &batch, &bytes);
	if (!err) {
		err = spool_put(s->spool, batch, bytes, n);
		if (err) {
			lose(s, n, err);
			tell_lost(s, batch, bytes, LOST_SPOOL_FULL);
			free(batch);
		} else {
			s->sealed += n;
		}
	}
	if (err)
		s->head.id.sequence--; /* it never existed */
	return err;
}

void sender_add(struct sender *s, const struct invocation *inv)
{
	int err = batch_writer_add(s->writer, inv);

	if (err == -ENOSPC) {
		(void)seal(s);
		err = batch_writer_add(s->writer, inv);
	}
	if (err) {
		lose(s, 1, err);
		if (s->untold)
			untold_add(s->untold, inv->function, LOST_SPOOL_FULL, 1);
	} else if (batch_writer_count(s->writer) == 1) {
		s->first_ns = clock_boot_ns();
	}
}

static void retry_later(struct sender *s, uint64_t now, const char *why, long status)
{
	if (!s->complained) {
		if (status == 415)
			log_warn("the collector does not take batches of this agent's "
				 "version (status 415): upgrade it; batches wait");
		else if (status)
			log_warn("the collector answers %ld; batches wait", status);
		else
			log_warn(
			    "the collector cannot be reached (%s); batches wait", why);
	}
	s->complained = true;
	s->retry_step_ns = s->retry_step_ns ? s->retry_step_ns * 2 : RETRY_MIN_NS;
	if (s->retry_step_ns > RETRY_MAX_NS)
		s->retry_step_ns = RETRY_MAX_NS;
	s->retry_ns = now + s->retry_step_ns;
}

static void ended(struct sender *s, CURLcode code)
{
	uint64_t now = clock_boot_ns();
	curl_off_t after_s = 0;
	long status = 0;

	s->sending = false;
	(void)curl_multi_remove_handle(s->multi, s->easy);
	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &after_s);
	if (code == CURLE_OK && status >= 200 && status < 300) {
		if (s->complained)
			log_note("the collector is back");
		s->complained = false;
		s->retry_step_ns = 0;
		(void)spool_pop(s->spool);
	} else if (code == CURLE_OK && (status == 400 || status == 413)) {
		uint64_t n = drop_oldest(s, LOST_REFUSED);

		log_warn("the collector refused a batch (status %ld): %llu invocations "
			 "are lost",
		    status, (unsigned long long)n);
		s->refused += n;
	} else {
		retry_later(
		    s, now, curl_easy_strerror(code), code == CURLE_OK ? status : 0);
		if (after_s > RETRY_AFTER_MAX_S)
			after_s = RETRY_AFTER_MAX_S;
		if (after_s > 0)
			s->retry_ns = now + (uint64_t)after_s * CLOCK_NS_PER_S;
	}
}

static void send_next(struct sender *s)
{
	const uint8_t *batch;
	size_t bytes;
	int err;

	if (s->sending || clock_boot_ns() < s->retry_ns)
		return;
	err = spool_peek(s->spool, &batch, &bytes);
	if (err == -ENOENT || err == -ENOMEM)
		return;
	if (err) {
		uint64_t n = drop_oldest(s, LOST_SPOOL_FULL);

		(void)log_error(err,
		    "cannot read a spooled batch: it is dropped, and %llu invocations of"
		    " this agent with it",
		    (unsigned long long)n);
		s->lost += n;
		return;
	}
	(void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, (const char *)batch);
	(void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)bytes);
	s->sending = curl_multi_add_handle(s->multi, s->easy) == CURLM_OK;
}

/* Sends until the network has nothing more to do at once. */
static void move(struct sender *s)
{
	int running;
	int left;

	for (int i = 0; i < 64; i++) {
		const CURLMsg *message;

		send_next(s);
		(void)curl_multi_perform(s->multi, &running);
		message = curl_multi_info_read(s->multi, &left);
		if (!message)
			return;
		if (message->msg == CURLMSG_DONE)
			ended(s, message->data.result);
	}
}

void sender_work(struct sender *s, int wait_ms)
{
	uint64_t now = clock_boot_ns();
	size_t n = batch_writer_count(s->writer);

	if (n ? now - s->first_ns >= SEAL_AFTER_NS
	      : now - s->sealed_ns >= HEARTBEAT_NS && spool_waiting(s->spool) == 0)
		(void)seal(s);
	move(s);
	(void)curl_multi_poll(s->multi, NULL, 0, wait_ms, NULL);
	move(s);
}

void sender_flush(struct sender *s, int limit_ms)
{
	uint64_t until = clock_boot_ns() + (uint64_t)limit_ms * 1000000;
	uint8_t *batch;
	size_t bytes;
	uint64_t n;

	(void)seal(s);
	s->retry_ns = 0;
	while (spool_waiting(s->spool) > 0 && clock_boot_ns() < until && !s->complained) {
		move(s);
		(void)curl_multi_poll(s->multi, NULL, 0, 20, NULL);
	}
	while (spool_take_unkept(s->spool, &batch, &bytes, &n)) {
		tell_lost(s, batch, bytes, LOST_AGENT_GONE);
		free(batch);
		s->sealed -= n;
		s->left_behind += n;
	}
	if (s->left_behind)
		log_warn("%llu invocations did not reach the collector and are lost: "
			 "--spool DIR, on a disk with room, keeps them",
		    (unsigned long long)s->left_behind);
}
