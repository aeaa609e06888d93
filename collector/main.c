/* The collector: settings, parts in order, signals. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "alerts/engine.h"
#include "base/clock.h"
#include "base/confine.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/supervisor.h"
#include "price/book.h"
#include "serve/answers.h"
#include "serve/exports.h"
#include "serve/figures/cost_rules.h"
#include "serve/http.h"
#include "serve/http/tls.h"
#include "serve/http/tokens.h"
#include "serve/ingest.h"
#include "serve/ready.h"
#include "serve/settings.h"
#include "store/store.h"

#define FILES_WANTED 4096 /* the most connections twice, as some have files too */
#define DAY_NS 86400000000000LL
#define MB 1000000LL

struct collector {
	int argc;
	char **argv;
	struct settings settings;
	struct ready ready;
	struct book *book;
	struct store *store;
	struct ingest *ingest;
	struct alerts *alerts;
	struct exports *exports;
	struct cost_rules_slot rules;
	struct tls *tls;
	struct tokens *tokens;
	bool tokens_bad; /* said once */
	struct http *http;
	struct answers answers;
	struct heap heap;
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

	c->answers = (struct answers){
	    c->store, c->ingest, c->book, clock_wall_ns(), c->exports, NULL, &c->rules};
	c->ready = (struct ready){.store = c->store,
	    .ingest = c->ingest,
	    .directory = c->settings.data,
	    .started_ns = clock_wall_ns(),
	    .min_free_bytes = (uint64_t)c->settings.min_free_mb << 20};
	if (!err)
		err = ingest_add_routes(c->ingest, c->http);
	if (!err)
		err = answers_add_routes(&c->answers, c->http);
	if (!err)
		err = ready_add_routes(&c->ready, c->http);
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

/* What may change while it runs. */
static void apply(struct collector *c, const struct settings *settings)
{
	ingest_retain(
	    c->ingest, &(struct ingest_retention){.raw_ns = settings->raw_days * DAY_NS,
			   .minutes_ns = settings->minute_days * DAY_NS,
			   .hours_ns = settings->hour_days * DAY_NS,
			   .days_ns = settings->day_days * DAY_NS,
			   .max_bytes = settings->max_mb * MB});
	http_set_limits(
	    c->http, &(struct http_limits){
			 .connections = (unsigned int)settings->client_connections,
			 .requests_per_s = (unsigned int)settings->client_rate});
	http_set_log(c->http, settings->request_log);
}

/* Before there are threads. */
static void confine(const struct settings *settings)
{
	int err = settings->seccomp ? confine_to_serving() : 0;

	if (err && err != -EOPNOTSUPP)
		log_warn("runs without a filter of system calls: %s", strerror(-err));
}

static struct store_remote remote_of(const struct settings *settings)
{
	const char *file = settings->store_password_file;

	return (struct store_remote){settings->store, file[0] ? file : NULL};
}

static int start(struct collector *c)
{
	const struct settings *settings = &c->settings;
	struct store_remote remote = remote_of(settings);
	int err = remote.url[0] ? store_open_remote(settings->data, &remote, &c->store)
				: store_open(settings->data, &c->store);

	if (err)
		return err;
	err = ingest_start(c->store, &c->ingest);
	if (err)
		return log_error(err, "cannot start the writer");
	if (settings->alerts)
		err = alerts_start(c->store, c->ingest, c->book, &c->rules, &c->alerts);
	if (!err)
		err = exports_start(
		    &settings->exports, settings->data, c->store, c->ingest, &c->exports);
	if (!err)
		err = add_routes(c);
	if (err)
		return err;
	(void)http_set_tokens(c->http, c->tokens);
	http_set_tls(c->http, c->tls);
	apply(c, settings);
	err = settings->socket < 0
		  ? http_start(c->http, settings->address, settings->port)
		  : http_start_on(c->http, settings->socket);
	if (err)
		return log_error(err, "cannot listen on %s", settings->listen);
	log_note("listening on %s://%s:%u", c->tls ? "https" : "http", settings->address,
	    (unsigned int)http_port(c->http));
	return 0;
}

static void stop(struct collector *c)
{
	bool ran = c->http && http_port(c->http);
	struct http_drained drained = http_stop(c->http);

	exports_stop(c->exports);
	ingest_stop(c->ingest);
	exports_free(c->exports);
	alerts_stop(c->alerts);
	http_free(c->http);
	store_close(c->store);
	tokens_free(c->tokens);
	tls_close(c->tls);
	cost_rules_replace(&c->rules, NULL);
	book_free(c->book);
	if (ran)
		log_note("stopped: %zu requests were under way, %zu were cut off, all "
			 "that was acknowledged is stored",
		    drained.running, drained.cut_off);
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

/* What is read before anything is opened. */
static int load(struct collector *c)
{
	const struct settings *settings = &c->settings;
	int err = open_book(settings, &c->book);

	if (!err)
		err = cost_rules_load(settings->config, &c->rules.rules);
	if (!err && settings->token_file[0])
		err = load_tokens(settings, &c->tokens);
	if (!err && settings->tls_cert[0])
		err = tls_open(settings->tls_cert, settings->tls_key, &c->tls);
	return err;
}

/* A token that was revoked is none from here on, the last one too. Called once a second,
 * which costs a stat(). */
static void refresh_tokens(struct collector *c)
{
	const char *path = c->settings.token_file;
	struct tokens *fresh;

	if (!c->tokens || !tokens_is_stale(c->tokens, path))
		return;
	if (tokens_load(path, &fresh) < 0) {
		if (!c->tokens_bad)
			log_warn("the tokens stay as they were");
		c->tokens_bad = true;
		return;
	}
	c->tokens_bad = false;
	(void)http_set_tokens(c->http, fresh);
	tokens_free(c->tokens);
	c->tokens = fresh;
	log_note("tokens read again from %s", path);
}

static bool exports_differ(
    const struct exports_settings *was, const struct exports_settings *is)
{
	return strcmp(was->remote_write, is->remote_write) != 0 ||
	       strcmp(was->otlp, is->otlp) != 0 ||
	       strcmp(was->remote_write_token_file, is->remote_write_token_file) != 0 ||
	       strcmp(was->otlp_token_file, is->otlp_token_file) != 0 ||
	       was->histograms != is->histograms || was->interval_s != is->interval_s ||
	       was->functions_max != is->functions_max;
}

/* Whether a setting that is read at the start alone has changed. */
static bool needs_restart(const struct settings *was, const struct settings *is)
{
	return strcmp(was->listen, is->listen) != 0 || strcmp(was->data, is->data) != 0 ||
	       strcmp(was->prices, is->prices) != 0 ||
	       strcmp(was->store, is->store) != 0 ||
	       strcmp(was->token_file, is->token_file) != 0 ||
	       strcmp(was->tls_cert, is->tls_cert) != 0 ||
	       strcmp(was->tls_key, is->tls_key) != 0 || was->alerts != is->alerts ||
	       was->seccomp != is->seccomp || was->min_free_mb != is->min_free_mb ||
	       exports_differ(&was->exports, &is->exports);
}

static uint64_t monotonic_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The file of settings as a whole: where anything in it is wrong, all of it stays as it
 * was. */
static int reload_settings(struct collector *c)
{
	struct cost_rules *rules;
	struct settings fresh;

	if (settings_read(c->argc, c->argv, &fresh) ||
	    cost_rules_load(fresh.config, &rules) < 0)
		return -EINVAL;
	if (needs_restart(&c->settings, &fresh))
		log_warn("some of what changed in the settings takes a restart");
	apply(c, &fresh);
	cost_rules_replace(&c->rules, rules);
	return 0;
}

/* On SIGHUP. What is wrong is said, and stays as it was. */
static void reload(struct collector *c)
{
	char text[64];
	bool bad;

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)monotonic_us());
	(void)supervisor_tell(text);
	bad = reload_settings(c) < 0;
	c->tokens_bad = false; /* say it again */
	refresh_tokens(c);
	bad |= c->tokens_bad;
	if (c->tls && tls_reload(c->tls) < 0)
		bad = true;
	log_note(bad ? "reloaded in part: what is wrong stays as it was" : "reloaded");
	(void)supervisor_tell("READY=1");
}

/* What is done once a second. */
static void tick(struct collector *c)
{
	struct ingest_health health;

	refresh_tokens(c);
	(void)http_sweep(c->http, clock_boot_ns());
	(void)heap_tidy(&c->heap);
	if (!supervisor_watchdog_ns())
		return;
	ingest_health(c->ingest, clock_boot_ns(), &health);
	if (health.busy_ns < READY_STUCK_S * (uint64_t)CLOCK_NS_PER_S)
		(void)supervisor_tell("WATCHDOG=1");
}

/* Until a signal says stop. */
static void run(struct collector *c, const sigset_t *signals)
{
	const struct timespec second = {.tv_sec = 1};
	uint64_t ticked_ns = 0;
	int got;

	(void)supervisor_tell("READY=1");
	do {
		/* However many signals come, time goes on. */
		if (clock_boot_ns() - ticked_ns >= (uint64_t)CLOCK_NS_PER_S) {
			tick(c);
			ticked_ns = clock_boot_ns();
		}
		got = sigtimedwait(signals, NULL, &second);
		if (got == SIGHUP)
			reload(c);
	} while (got < 0 || got == SIGHUP);
	log_note("stopping on %s", sigabbrev_np(got));
	(void)supervisor_tell("STOPPING=1");
}

int main(int argc, char **argv)
{
	struct collector collector = {
	    .argc = argc, .argv = argv, .rules = {.lock = PTHREAD_MUTEX_INITIALIZER}};
	sigset_t signals;
	int status;
	int err;

	log_init("coldmeter-collector", LOG_LEVEL_INFO);
	heap_keep_some();
	status = settings_read(argc, argv, &collector.settings);
	if (status)
		return status;
	if (collector.settings.backup[0])
		return store_backup(collector.settings.data, collector.settings.backup) <
		       0;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(
	    SIG_BLOCK, &signals, NULL); /* before threads inherit the mask */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0077);
	if (collector.settings.migrate) {
		struct store_remote remote = remote_of(&collector.settings);

		return store_migrate(collector.settings.data, &remote) ? 1 : 0;
	}
	raise_files();
	err = load(&collector);
	if (!err && !collector.settings.check_only) {
		confine(&collector.settings);
		err = start(&collector);
		if (!err)
			run(&collector, &signals);
	}
	stop(&collector);
	return err ? 1 : 0;
}
