/* What the collector's own server was asked and how it went. */
#include "serve/metrics.h"

#define FAMILY(family, kind, says)                                                       \
	{                                                                                \
		.name = (family), .type = (kind), .help = (says)                         \
	}

static void tell_one(
    struct exposition *to, const struct exposition_family *family, uint64_t value)
{
	const struct exposition_labels none = {0};

	to->family(to, family);
	to->value(to, &none, (double)value);
}

void metrics_http(struct exposition *to, struct http *http)
{
	static const struct exposition_family connections =
	    FAMILY("coldmeter_http_connections", EXPOSITION_COUNTER,
		"Connections that clients opened to the collector.");
	static const struct exposition_family open =
	    FAMILY("coldmeter_http_connections_open", EXPOSITION_GAUGE,
		"Connections of the collector that are open.");
	static const struct exposition_family cut_off =
	    FAMILY("coldmeter_http_connections_cut_off", EXPOSITION_COUNTER,
		"Connections that took too long with a request or its reply.");
	static const struct exposition_family requests = FAMILY("coldmeter_http_requests",
	    EXPOSITION_COUNTER, "Requests that the collector answered.");
	static const struct exposition_family errors = FAMILY("coldmeter_http_errors",
	    EXPOSITION_COUNTER, "Requests of these that were refused or failed, by why.");
	struct http_counts n;

	http_counts(http, &n);
	tell_one(to, &connections, n.connections);
	tell_one(to, &open, n.connections_open);
	tell_one(to, &cut_off, n.cut_off);
	tell_one(to, &requests, n.requests);
	const struct {
		const char *why;
		uint64_t n;
	} rows[] = {{"unauthorized", n.unauthorized}, {"limited", n.limited},
	    {"refused", n.refused - n.unauthorized - n.limited}, {"failed", n.failed}};

	to->family(to, &errors);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		to->value(to, &(struct exposition_labels){1, {{"why", rows[i].why}}},
		    (double)rows[i].n);
}
