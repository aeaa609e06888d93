/* The collector: settings, parts in order, signals. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/engine.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/text.h"
#include "price/book.h"
#include "serve/answers.h"
#include "serve/exports.h"
#include "serve/http.h"
#include "serve/ingest.h"
#include "serve/tokens.h"
#include "store/store.h"

#define VERSION "0.1.0"
#define DAY_NS 86400000000000LL

struct settings {
	char config[CONFIG_TEXT_BYTES];
	char listen[CONFIG_TEXT_BYTES];
	char data[CONFIG_TEXT_BYTES];
	char prices[CONFIG_TEXT_BYTES];
	char token_file[CONFIG_TEXT_BYTES];
	bool alerts;
	bool insecure_listen;
	bool check_only;
	int raw_days;
	int minute_days;
	struct exports_settings exports;
	char address[64]; /* out of listen */
	uint16_t port;
};

struct collector {
	struct book *book;
	struct store *store;
	struct ingest *ingest;
	struct alerts *alerts;
	struct exports *exports;
	struct tokens *tokens;
	struct http *http;
	struct answers answers;
};

static const struct config_key keys[] = {
    {"listen", config_text, offsetof(struct settings, listen)},
    {"data", config_text, offsetof(struct settings, data)},
    {"prices", config_text, offsetof(struct settings, prices)},
    {"token_file", config_text, offsetof(struct settings, token_file)},
    {"alerts", config_switch, offsetof(struct settings, alerts)},
    {"raw_days", config_days, offsetof(struct settings, raw_days)},
    {"minute_days", config_days, offsetof(struct settings, minute_days)},
    {"remote_write", exports_url, offsetof(struct settings, exports.remote_write)},
    {"remote_write_histograms", exports_histograms,
	offsetof(struct settings, exports.histograms)},
    {"remote_write_token_file", config_text,
	offsetof(struct settings, exports.remote_write_token_file)},
    {"otlp_token_file", config_text, offsetof(struct settings, exports.otlp_token_file)},
    {"otlp", exports_url, offsetof(struct settings, exports.otlp)},
    {"export_interval_s", exports_interval,
	offsetof(struct settings, exports.interval_s)},
    {"metrics_functions", exports_functions,
	offsetof(struct settings, exports.functions_max)},
};

enum {
	OPTION_INSECURE = 256,
	OPTION_CHECK,
	OPTION_VERSION,
	OPTION_REMOTE_WRITE,
	OPTION_HISTOGRAMS,
	OPTION_OTLP,
	OPTION_INTERVAL,
	OPTION_REMOTE_TOKEN,
	OPTION_OTLP_TOKEN
};

static const struct option options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"data", required_argument, NULL, 'd'},
    {"config", required_argument, NULL, 'c'},
    {"prices", required_argument, NULL, 'p'},
    {"token-file", required_argument, NULL, 't'},
    {"alerts", required_argument, NULL, 'a'},
    {"remote-write", required_argument, NULL, OPTION_REMOTE_WRITE},
    {"remote-write-histograms", required_argument, NULL, OPTION_HISTOGRAMS},
    {"remote-write-token-file", required_argument, NULL, OPTION_REMOTE_TOKEN},
    {"otlp-token-file", required_argument, NULL, OPTION_OTLP_TOKEN},
    {"otlp", required_argument, NULL, OPTION_OTLP},
    {"export-interval", required_argument, NULL, OPTION_INTERVAL},
    {"insecure-listen", no_argument, NULL, OPTION_INSECURE},
    {"check-config", no_argument, NULL, OPTION_CHECK},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char usage[] =
    "usage: coldmeter-collector [options]\n"
    "Stores, prices and answers for what coldmeter-agent measures, and for spans of\n"
    "functions that OpenTelemetry's exporters send to /v1/traces (OTLP/HTTP).\n"
    "\n"
    "  --listen ADDR:PORT   where to listen (127.0.0.1:7077)\n"
    "  --data DIR           where the ledger lies (/var/lib/coldmeter for root, else\n"
    "                       $XDG_STATE_HOME/coldmeter or ~/.local/state/coldmeter)\n"
    "  --config FILE        settings in YAML; options override them. Keys: listen, "
    "data,\n"
    "                       prices, token_file, alerts, raw_days, minute_days,\n"
    "                       remote_write, remote_write_histograms, otlp,\n"
    "                       remote_write_token_file, otlp_token_file,\n"
    "                       export_interval_s, metrics_functions\n"
    "  --prices FILE        price book laid over the one built in\n"
    "  --token-file FILE    answer only to one of the bearer tokens in it, one a line\n"
    "  --alerts on|off      budgets, deliveries and keep-warm pings (on)\n"
    "  --remote-write URL   send the metrics of /metrics to Prometheus, VictoriaMetrics, "
    "...\n"
    "  --remote-write-histograms native|classic|vmrange\n"
    "                       as Prometheus from 2.40 on reads them (native), as all do,\n"
    "                       or as VictoriaMetrics does\n"
    "  --otlp URL           send metrics and spans to URL/v1/metrics and URL/v1/traces\n"
    "  --remote-write-token-file FILE, --otlp-token-file FILE\n"
    "                       send the bearer token in FILE there\n"
    "  --export-interval S  seconds between two sendings of metrics (15)\n"
    "  --insecure-listen    allow an address that other machines reach, without "
    "TLS\n"
    "  --check-config       check the settings and stop\n"
    "  --version            say which one this is\n"
    "  --help               say this\n";

static int take_value(
    config_parser parse, const char *option, const char *value, void *field)
{
	const char *why;

	if (parse(value, field, &why) == 0)
		return 0;
	(void)log_error(0, "--%s: %s", option, why);
	return 2;
}

/* One option. 0 or the exit status. */
static int take_option(int option, const char *value, struct settings *settings)
{
	switch (option) {
	case 'l':
		return take_value(config_text, "listen", value, settings->listen);
	case 'd':
		return take_value(config_text, "data", value, settings->data);
	case 'c':
		return take_value(config_text, "config", value, settings->config);
	case 'p':
		return take_value(config_text, "prices", value, settings->prices);
	case 't':
		return take_value(config_text, "token-file", value, settings->token_file);
	case 'a':
		return take_value(config_switch, "alerts", value, &settings->alerts);
	case OPTION_REMOTE_WRITE:
		return take_value(
		    exports_url, "remote-write", value, settings->exports.remote_write);
	case OPTION_HISTOGRAMS:
		return take_value(exports_histograms, "remote-write-histograms", value,
		    &settings->exports.histograms);
	case OPTION_OTLP:
		return take_value(exports_url, "otlp", value, settings->exports.otlp);
	case OPTION_INTERVAL:
		return take_value(exports_interval, "export-interval", value,
		    &settings->exports.interval_s);
	case OPTION_REMOTE_TOKEN:
		return take_value(config_text, "remote-write-token-file", value,
		    settings->exports.remote_write_token_file);
	case OPTION_OTLP_TOKEN:
		return take_value(config_text, "otlp-token-file", value,
		    settings->exports.otlp_token_file);
	case OPTION_INSECURE:
		settings->insecure_listen = true;
		return 0;
	case OPTION_CHECK:
		settings->check_only = true;
		return 0;
	case OPTION_VERSION:
		(void)puts("coldmeter-collector " VERSION);
		exit(0);
	case 'h':
		(void)fputs(usage, stdout);
		exit(0);
	default: /* getopt has said which option it does not know */
		return 2;
	}
}

/* 0 or the exit status. */
static int take_options(int argc, char **argv, struct settings *settings)
{
	int option;
	int status;

	optind = 0; /* from the beginning, also the second time */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		status = take_option(option, optarg, settings);
		if (status)
			return status;
	}
	if (optind == argc)
		return 0;
	(void)log_error(0, "unexpected argument %s: see --help", argv[optind]);
	return 2;
}

static int default_data(struct settings *settings)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (settings->data[0])
		return 0;
	if (geteuid() == 0)
		n = snprintf(
		    settings->data, sizeof(settings->data), "/var/lib/coldmeter");
	else if (state && state[0] == '/')
		n = snprintf(
		    settings->data, sizeof(settings->data), "%s/coldmeter", state);
	else if (home && home[0])
		n = snprintf(settings->data, sizeof(settings->data),
		    "%s/.local/state/coldmeter", home);
	else
		return log_error(-EINVAL, "HOME is not set: say where with --data DIR");
	return n < (int)sizeof(settings->data) ? 0 : log_error(-ENAMETOOLONG, "--data");
}

/* 0 or the exit status. */
static int parse_listen(struct settings *settings)
{
	const char *colon = strrchr(settings->listen, ':');
	unsigned long port;
	char *end;

	port = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (!colon || end == colon + 1 || *end || colon[1] == '-' || port > UINT16_MAX ||
	    !text_copy_bytes(settings->address, sizeof(settings->address),
		settings->listen, (size_t)(colon - settings->listen))) {
		(void)log_error(0, "--listen %s: must be ADDR:PORT", settings->listen);
		return 2;
	}
	settings->port = (uint16_t)port;
	if (http_is_loopback(settings->address) || settings->insecure_listen)
		return 0;
	(void)log_error(0,
	    "--listen %s: other machines could reach this, and there is no TLS yet; "
	    "--insecure-listen allows it",
	    settings->listen);
	return 1;
}

/* 0 or the exit status. */
static int settle(int argc, char **argv, struct settings *settings)
{
	struct settings given = *settings;
	int status = take_options(argc, argv, &given); /* where the file is */

	if (status)
		return status;
	if (given.config[0] &&
	    config_load(given.config, keys, sizeof(keys) / sizeof(keys[0]), settings) < 0)
		return 1;
	status = take_options(argc, argv, settings);
	if (status)
		return status;
	return default_data(settings) < 0 ? 1 : parse_listen(settings);
}

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
	http_set_tokens(c->http, c->tokens);
	err = http_start(c->http, settings->address, settings->port);
	if (err)
		return log_error(err, "cannot listen on %s", settings->listen);
	log_note("listening on http://%s:%u", settings->address,
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
	book_free(c->book);
}

int main(int argc, char **argv)
{
	struct settings settings = {
	    .listen = "127.0.0.1:7077", .alerts = true, .raw_days = 7, .minute_days = 35};
	struct collector collector = {0};
	sigset_t signals;
	int status;
	int signal_number = 0;
	int err;

	log_init("coldmeter-collector", LOG_LEVEL_INFO);
	status = settle(argc, argv, &settings);
	if (status)
		return status;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigprocmask(
	    SIG_BLOCK, &signals, NULL); /* before threads inherit the mask */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0077);
	err = open_book(&settings, &collector.book);
	if (!err && settings.token_file[0])
		err = tokens_load(settings.token_file, &collector.tokens);
	if (!err && !settings.check_only)
		err = start(&collector, &settings);
	if (!err && !settings.check_only) {
		(void)sigwait(&signals, &signal_number);
		log_note("stopping on %s", sigabbrev_np(signal_number));
	}
	stop(&collector);
	return err ? 1 : 0;
}
