/* What leaves by itself: Prometheus's remote write, and metrics and spans by OTLP/HTTP;
 * and the totals that these and /metrics tell. */
#ifndef COLDMETER_SERVE_EXPORTS_H
#define COLDMETER_SERVE_EXPORTS_H

#include "base/config.h"
#include "serve/exports/exposition_remote.h"
#include "serve/exports/totals.h"
#include "serve/ingest.h"

struct exports;

struct exports_settings {
	char remote_write[CONFIG_TEXT_BYTES]; /* URL; "": none */
	char otlp[CONFIG_TEXT_BYTES]; /* URL that /v1/metrics and /v1/traces are under */
	char remote_write_token_file[CONFIG_TEXT_BYTES]; /* "": none */
	char otlp_token_file[CONFIG_TEXT_BYTES];
	int histograms;    /* enum remote_histograms: of remote write */
	int interval_s;    /* 0: 15 */
	int functions_max; /* 0: TOTALS_FUNCTIONS_MAX */
};

/* Parsers of settings (base/config.h): char[CONFIG_TEXT_BYTES], an int of 1 to 3600, an
 * int of enum remote_histograms, an int of 1 to 100000. */
int exports_url(const char *value, void *field, const char **why);
int exports_interval(const char *value, void *field, const char **why);
int exports_histograms(const char *value, void *field, const char **why);
int exports_functions(const char *value, void *field, const char **why);

/* Reads the bearer token that is a file's first line, as a header's line. 0, or -errno
 * after one line through log_error: others can read the file, or it holds no token. */
#define EXPORTS_HEADER_BYTES 4096
int exports_read_token(const char *path, char header[EXPORTS_HEADER_BYTES]);

/* Loads the totals of that directory and follows ingest, before its server starts. A
 * damaged file of totals is told and counting begins at 0. 0 or -errno. */
int exports_start(const struct exports_settings *settings, const char *directory,
    struct store *store, struct ingest *ingest, struct exports **out);

/* After the server has stopped: puts the last figures on their way. Then, after ingest
 * has stopped, free sends what waits and saves the totals. NULL is fine. */
void exports_stop(struct exports *exports);
void exports_free(struct exports *exports);

struct totals *exports_totals(const struct exports *exports);

/* Before figures that were just read are shown; says so once when it cannot. */
void exports_save(struct exports *exports);

/* Families about the sending itself. */
void exports_tell(const struct exports *exports, struct exposition *to);

#endif
