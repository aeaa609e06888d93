/* The collector: settings, parts in order, signals. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "alerts/engine.h"
#include "base/clock.h"
#include "base/log.h"
#include "price/book.h"
#include "serve/answers.h"
#include "serve/exports.h"
#include "serve/http.h"
#include "serve/ingest.h"
#include "serve/settings.h"
#include "serve/tls.h"
#include "serve/tokens.h"
#include "store/store.h"

#define FILES_WANTED 4096 /* the most connections twice, as some have files too */
#define DAY_NS 86400000000000LL

struct collector {
	struct book *book;
	struct store *store;
	struct ingest *ingest;
	struct alerts *alerts;
	struct exports *exports;
	struct tls *tls;
	struct tokens *tokens;
	bool tokens_bad; /* said once */
	struct http *http;
	struct answers answers;
};

static int open_book(const struct settings *settings, struct book **out)
{
	struct book *book;
	struct book *over;
	char why[512];
	int err = book_open_embedded(&book);

	if (err)
		return log_error(err, "cannot open the price book");
	if (settings->prices[0]) {
		err = book_load(settings->prices, &over, why, sizeof(why));
		if (err) {
			(void)log_error(0, "%s", why);
			book_free(book);
			return err;
		}
		err = book_overlay(book, over);
	}
	if (err) {
		book_free(book);
		return log_error(err, "cannot use %s", settings->prices);
	}
	*out = book;
	return 0;
}

static int add_routes(struct collector *c)
{
	int err = http_new(&c->http);

	c->answers =
	    (struct answers){c->store, c->ingest, c->book, clock_wall_ns(), c->exports};
	if (!err)
		err = ingest_add_routes(c->ingest, c->http);
	if (!err)
		err = answers_add_routes(&c->answers, c->http);
	if (!err && c->alerts)
		err = alerts_add_routes(c->alerts, c->http);
	return err ? log_error(err, "cannot make the HTTP server") : 0;
}

/* A connection is a descriptor; by habit a program may have 1024. */
static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= FILES_WANTED)
		return;
	files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int start(struct collector *c, const struct settings *settings)
{
	int err = store_open(settings->data, &c->store);

	if (err)
		return err;
	err = ingest_start(c->store, &c->ingest);
	if (err)
		return log_error(err, "cannot start the writer");
	ingest_retain(
	    c->ingest, settings->raw_days * DAY_NS, settings->minute_days * DAY_NS);
	if (settings->alerts)
		err = alerts_start(c->store, c->ingest, c->book, &c->alerts);
	if (!err)
		err = exports_start(
		    &settings->exports, settings->data, c->store, c->ingest, &c->exports);
	if (!err)
		err = add_routes(c);
	if (err)
		return err;
	(void)http_set_tokens(c->http, c->tokens);
	http_set_limits(
	    c->http, &(struct http_limits){
			 .connections = (unsigned int)settings->client_connections,
			 .requests_per_s = (unsigned int)settings->client_rate});
	http_set_tls(c->http, c->tls);
	err = http_start(c->http, settings->address, settings->port);
	if (err)
		return log_error(err, "cannot listen on %s", settings->listen);
	log_note("listening on %s://%s:%u", c->tls ? "https" : "http", settings->address,
	    (unsigned int)http_port(c->http));
	return 0;
}

static void stop(struct collector *c)
{
	http_stop(c->http);
	exports_stop(c->exports);
	ingest_stop(c->ingest);
	exports_free(c->exports);
	alerts_stop(c->alerts);
	http_free(c->http);
	store_close(c->store);
	tokens_free(c->tokens);
	tls_close(c->tls);
	book_free(c->book);
}

static int load_tokens(const struct settings *settings, struct tokens **tokens)
{
	int err = tokens_load(settings->token_file, tokens);

	if (err || !tokens_is_empty(*tokens))
		return err;
	(void)log_error(0, "%s: holds no token: `coldmeter token add` makes one",
	    settings->token_file);
	return -EINVAL;
}

/* What is read anew while the collector runs. One that was revoked is none from here on,
 * the last one too. Called once a second, which costs a stat(). */
static void refresh_tokens(struct collector *c, const struct settings *settings)
{
	struct tokens *fresh;

	if (!c->tokens || !tokens_is_stale(c->tokens, settings->token_file))
		return;
	if (tokens_load(settings->token_file, &fresh) < 0) {
		if (!c->tokens_bad)
			log_warn("the tokens stay as they were");
		c->tokens_bad = true;
		return;
	}
	c->tokens_bad = false;
	(void)http_set_tokens(c->http, fresh);
	tokens_free(c->tokens);
	c->tokens = fresh;
	log_note("tokens read again from %s", settings->token_file);
}

/* Until a signal says stop; returns its number. */
static int run(
    struct collector *c, const struct settings *settings, const sigset_t *signals)
{
	const struct timespec tick = {.tv_sec = 1};
	int got;

	while ((got = sigtimedwait(signals, NULL, &tick)) < 0) {
		refresh_tokens(c, settings);
		(void)http_sweep(c->http, clock_boot_ns());
	}
	return got;
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct collector collector = {0};
	sigset_t signals;
	int status;
	int err;

	log_init("coldmeter-collector", LOG_LEVEL_INFO);
	status = settings_read(argc, argv, &settings);
	if (status)
		return status;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigprocmask(
	    SIG_BLOCK, &signals, NULL); /* before threads inherit the mask */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0077);
	raise_files();
	err = open_book(&settings, &collector.book);
	if (!err && settings.token_file[0])
		err = load_tokens(&settings, &collector.tokens);
	if (!err && settings.tls_cert[0])
		err = tls_open(settings.tls_cert, settings.tls_key, &collector.tls);
	if (!err && !settings.check_only)
		err = start(&collector, &settings);
	if (!err && !settings.check_only) {
		log_note(
		    "stopping on %s", sigabbrev_np(run(&collector, &settings, &signals)));
	}
	stop(&collector);
	return err ? 1 : 0;
}
