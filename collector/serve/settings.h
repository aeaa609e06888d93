/* What the command line and the file of settings ask of the collector. */
#ifndef COLDMETER_SERVE_SETTINGS_H
#define COLDMETER_SERVE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "serve/exports.h"
#include "serve/http/listen.h"

struct settings {
	char config[CONFIG_TEXT_BYTES];
	char listen[CONFIG_TEXT_BYTES];
	char data[CONFIG_TEXT_BYTES];
	char prices[CONFIG_TEXT_BYTES];
	char store[CONFIG_TEXT_BYTES]; /* a URL; "": SQLite */
	char store_password_file[CONFIG_TEXT_BYTES];
	char token_file[CONFIG_TEXT_BYTES];
	char tls_cert[CONFIG_TEXT_BYTES];
	char tls_key[CONFIG_TEXT_BYTES];
	char backup[CONFIG_TEXT_BYTES]; /* where to copy the ledger, and stop */
	bool alerts;
	bool seccomp;
	bool request_log;
	bool insecure_listen;
	bool check_only;
	bool migrate;
	int client_connections; /* 0: no limit */
	int client_rate;        /* requests per second; 0: no limit */
	int min_free_mb;        /* below, /readyz says no */
	int raw_days;
	int minute_days;
	int hour_days;
	int day_days;
	int max_mb; /* of the ledger on disk; 0: any size */
	struct exports_settings exports;
	char address[LISTEN_ADDRESS_BYTES]; /* out of listen */
	uint16_t port;
	int socket; /* that was handed over to listen on; -1: none */
};

/* Reads options and the file that they name; options win. 0, or the exit status after one
 * line about what is wrong. --help and --version are answered here and end the program.
 */
int settings_read(int argc, char **argv, struct settings *settings);

#endif
