#include "serve/settings.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/supervisor.h"
#include "base/text.h"
#include "base/version.h"
#include "serve/http.h"
#include "store/store.h"

static const struct config_key keys[] = {
    {"listen", config_text, offsetof(struct settings, listen)},
    {"data", config_text, offsetof(struct settings, data)},
    {"prices", config_text, offsetof(struct settings, prices)},
    {"store", store_remote_url, offsetof(struct settings, store)},
    {"store_password_file", config_text, offsetof(struct settings, store_password_file)},
    {"token_file", config_text, offsetof(struct settings, token_file)},
    {"tls_cert", config_text, offsetof(struct settings, tls_cert)},
    {"tls_key", config_text, offsetof(struct settings, tls_key)},
    {"alerts", config_switch, offsetof(struct settings, alerts)},
    {"seccomp", config_switch, offsetof(struct settings, seccomp)},
    {"request_log", config_switch, offsetof(struct settings, request_log)},
    {"client_connections", config_limit, offsetof(struct settings, client_connections)},
    {"client_requests_per_s", config_limit, offsetof(struct settings, client_rate)},
    {"min_free_mb", config_limit, offsetof(struct settings, min_free_mb)},
    {"raw_days", config_days, offsetof(struct settings, raw_days)},
    {"minute_days", config_days, offsetof(struct settings, minute_days)},
    {"hour_days", config_days, offsetof(struct settings, hour_days)},
    {"day_days", config_days, offsetof(struct settings, day_days)},
    {"max_mb", config_megabytes, offsetof(struct settings, max_mb)},
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
    {"companions", NULL, 0}, /* cost_rules_load() reads these two */
    {"tags", NULL, 0},
};

enum {
	OPTION_INSECURE = 256,
	OPTION_PASSWORD,
	OPTION_MIGRATE,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_CONNECTIONS,
	OPTION_RATE,
	OPTION_SECCOMP,
	OPTION_REQUEST_LOG,
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
    {"store", required_argument, NULL, 's'},
    {"store-password-file", required_argument, NULL, OPTION_PASSWORD},
    {"migrate", no_argument, NULL, OPTION_MIGRATE},
    {"token-file", required_argument, NULL, 't'},
    {"tls-cert", required_argument, NULL, OPTION_TLS_CERT},
    {"tls-key", required_argument, NULL, OPTION_TLS_KEY},
    {"client-connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"client-requests-per-s", required_argument, NULL, OPTION_RATE},
    {"seccomp", required_argument, NULL, OPTION_SECCOMP},
    {"request-log", required_argument, NULL, OPTION_REQUEST_LOG},
    {"alerts", required_argument, NULL, 'a'},
    {"remote-write", required_argument, NULL, OPTION_REMOTE_WRITE},
    {"remote-write-histograms", required_argument, NULL, OPTION_HISTOGRAMS},
    {"remote-write-token-file", required_argument, NULL, OPTION_REMOTE_TOKEN},
    {"otlp-token-file", required_argument, NULL, OPTION_OTLP_TOKEN},
    {"otlp", required_argument, NULL, OPTION_OTLP},
    {"export-interval", required_argument, NULL, OPTION_INTERVAL},
    {"backup", required_argument, NULL, 'b'},
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
    "                       prices, store, store_password_file, token_file,\n"
    "                       tls_cert, tls_key, alerts,\n"
    "                       client_connections, client_requests_per_s,\n"
    "                       raw_days, minute_days, hour_days, day_days,\n"
    "                       max_mb, min_free_mb,\n"
    "                       seccomp, request_log,\n"
    "                       remote_write, remote_write_histograms, otlp,\n"
    "                       remote_write_token_file, otlp_token_file,\n"
    "                       export_interval_s, metrics_functions, companions, tags\n"
    "  --prices FILE        price book laid over the one built in\n"
    "  --store URL          keep the ledger on a ClickHouse server:\n"
    "                       clickhouse://[USER@]HOST[:PORT][/DB][?cluster=NAME]\n"
    "  --store-password-file FILE\n"
    "                       its password (else $COLDMETER_CLICKHOUSE_PASSWORD)\n"
    "  --migrate            send what lies in --data to --store, and stop\n"
    "  --token-file FILE    answer only to one of the bearer tokens in it, one a line\n"
    "  --tls-cert FILE      speak HTTPS: certificate and its chain, PEM\n"
    "  --tls-key FILE       its key, PEM, that others cannot read\n"
    "  --client-connections N     at most so many of one address (64 where other "
    "machines\n"
    "                       can come from, else no limit)\n"
    "  --client-requests-per-s N  on average, of one address (100, likewise)\n"
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
    "  --request-log on|off say each request on standard error, without secrets (off)\n"
    "  --seccomp on|off     give up system calls that a server has no use for (on)\n"
    "  --backup DIR         copy the ledger, in use or not, to DIR, and stop\n"
    "  --insecure-listen    allow an address that other machines reach without TLS "
    "and\n"
    "                       tokens\n"
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

/* Options that are a setting each. */
static const struct {
	int option;
	config_parser parse;
	size_t offset;
} values[] = {
    {'l', config_text, offsetof(struct settings, listen)},
    {'d', config_text, offsetof(struct settings, data)},
    {'c', config_text, offsetof(struct settings, config)},
    {'p', config_text, offsetof(struct settings, prices)},
    {'s', store_remote_url, offsetof(struct settings, store)},
    {OPTION_PASSWORD, config_text, offsetof(struct settings, store_password_file)},
    {'t', config_text, offsetof(struct settings, token_file)},
    {'b', config_text, offsetof(struct settings, backup)},
    {OPTION_TLS_CERT, config_text, offsetof(struct settings, tls_cert)},
    {OPTION_TLS_KEY, config_text, offsetof(struct settings, tls_key)},
    {OPTION_CONNECTIONS, config_limit, offsetof(struct settings, client_connections)},
    {OPTION_RATE, config_limit, offsetof(struct settings, client_rate)},
    {OPTION_SECCOMP, config_switch, offsetof(struct settings, seccomp)},
    {OPTION_REQUEST_LOG, config_switch, offsetof(struct settings, request_log)},
    {'a', config_switch, offsetof(struct settings, alerts)},
    {OPTION_REMOTE_WRITE, exports_url, offsetof(struct settings, exports.remote_write)},
    {OPTION_HISTOGRAMS, exports_histograms,
	offsetof(struct settings, exports.histograms)},
    {OPTION_OTLP, exports_url, offsetof(struct settings, exports.otlp)},
    {OPTION_INTERVAL, exports_interval, offsetof(struct settings, exports.interval_s)},
    {OPTION_REMOTE_TOKEN, config_text,
	offsetof(struct settings, exports.remote_write_token_file)},
    {OPTION_OTLP_TOKEN, config_text, offsetof(struct settings, exports.otlp_token_file)},
};

static const char *option_name(int option)
{
	const struct option *row = options;

	while (row->val != option)
		row++;
	return row->name;
}

/* One option. 0 or the exit status. */
static int take_option(int option, const char *value, struct settings *settings)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i].option == option)
			return take_value(values[i].parse, option_name(option), value,
			    (char *)settings + values[i].offset);
	}
	switch (option) {
	case OPTION_INSECURE:
		settings->insecure_listen = true;
		return 0;
	case OPTION_MIGRATE:
		settings->migrate = true;
		return 0;
	case OPTION_CHECK:
		settings->check_only = true;
		return 0;
	case OPTION_VERSION:
		(void)puts("coldmeter-collector " COLDMETER_VERSION);
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
	return 0;
}

/* A socket that whoever starts this program listens on already. 0 or the exit status. */
static int take_socket(struct settings *settings)
{
	int fd = supervisor_socket();
	int err = fd < 0 ? fd : listen_describe(fd, settings->address, &settings->port);

	if (err == -ENOENT)
		return 0;
	if (err) {
		(void)log_error(err, "cannot listen on what LISTEN_FDS hands over");
		return 1;
	}
	settings->socket = fd;
	(void)snprintf(settings->listen, sizeof(settings->listen), "%s:%u",
	    settings->address, settings->port);
	return 0;
}

/* Whether what was asked for goes together. 0 or the exit status. */
static int check_together(const struct settings *settings)
{
	if (!settings->tls_cert[0] != !settings->tls_key[0]) {
		(void)log_error(0, "--tls-cert and --tls-key go together");
		return 2;
	}
	if (settings->migrate && !settings->store[0]) {
		(void)log_error(0, "--migrate goes with --store");
		return 2;
	}
	if (http_is_loopback(settings->address) || settings->insecure_listen ||
	    (settings->tls_cert[0] && settings->token_file[0]))
		return 0;
	(void)log_error(0,
	    "--listen %s: other machines could reach this, which takes --tls-cert, "
	    "--tls-key and --token-file; --insecure-listen allows it without",
	    settings->listen);
	return 1;
}

/* Of other machines. What runs on this one may be a thousand agents in a test, or a proxy
 * that speaks for all. */
static void default_limits(struct settings *settings)
{
	if (!settings->client_connections)
		settings->client_connections = 64;
	if (!settings->client_rate)
		settings->client_rate = 100;
}

int settings_read(int argc, char **argv, struct settings *settings)
{
	struct settings given;
	int status;

	*settings = (struct settings){.listen = "127.0.0.1:7077",
	    .alerts = true,
	    .seccomp = true,
	    .raw_days = 7,
	    .minute_days = 35,
	    .hour_days = 35,
	    .day_days = 400,
	    .min_free_mb = 64,
	    .socket = -1};
	given = *settings;
	status = take_options(argc, argv, &given); /* where the file is */
	if (status)
		return status;
	if (given.config[0] &&
	    config_load(given.config, keys, sizeof(keys) / sizeof(keys[0]), settings) < 0)
		return 1;
	status = take_options(argc, argv, settings);
	if (status)
		return status;
	if (default_data(settings) < 0)
		return 1;
	status = parse_listen(settings);
	if (!status)
		status = take_socket(settings);
	if (!status)
		status = check_together(settings);
	if (!status && !http_is_loopback(settings->address))
		default_limits(settings);
	return status;
}
