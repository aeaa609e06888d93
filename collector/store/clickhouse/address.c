#include "store/clickhouse/address.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define SCHEME "clickhouse://"
#define DEFAULT_PORT 8123

/* What may stand in SQL and in a URL as it is. */
static bool is_name(const char *name)
{
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_')
			return false;
	}
	return *name && !isdigit((unsigned char)*name);
}

static bool is_host(const char *host)
{
	bool literal = host[0] == '[';

	for (const char *p = host + literal; *p; p++) {
		if (literal && *p == ']')
			return p > host + 1 && p[1] == '\0';
		if (!isalnum((unsigned char)*p) && !strchr(literal ? ":." : "-._", *p))
			return false;
	}
	return !literal && *host;
}

static bool is_user(const char *user)
{
	for (const char *p = user; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return false;
	}
	return *user != '\0';
}

/* "", or ":PORT". */
static bool take_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long n;

	if (*text == '\0')
		return true;
	if (*text != ':' || !isdigit((unsigned char)text[1]))
		return false;
	n = strtoul(text + 1, &end, 10);
	*port = (uint16_t)n;
	return *end == '\0' && n > 0 && n <= UINT16_MAX;
}

static const char *take_place(struct clickhouse_address *a, char *place)
{
	char *at = strchr(place, '@');
	const char *host = at ? at + 1 : place;
	char *end = host[0] == '[' ? strchr(host, ']') : NULL;
	size_t host_bytes = end ? (size_t)(end + 1 - host) : strcspn(host, ":");

	if (at) {
		*at = '\0';
		if (strchr(place, ':'))
			return "a password does not belong on a command line: it is "
			       "taken from a file or the environment";
		if (!text_copy(a->user, sizeof(a->user), place) || !is_user(a->user))
			return "USER must be letters, digits, '-', '_' and '.'";
	}
	if (!text_copy_bytes(a->host, sizeof(a->host), host, host_bytes) ||
	    !is_host(a->host))
		return "HOST must be a name or an address";
	return take_port(host + host_bytes, &a->port) ? NULL : "PORT must be 1 to 65535";
}

int clickhouse_address_parse(
    const char *url, struct clickhouse_address *address, const char **why)
{
	struct clickhouse_address a = {
	    .port = DEFAULT_PORT, .user = "default", .database = "coldmeter"};
	static const char option[] = "cluster=";
	AUTO(free) char *place = NULL;
	char *query;
	char *database;

	*why = "must be clickhouse://USER@HOST:PORT/DB";
	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return -EINVAL;
	place = strdup(url + strlen(SCHEME));
	if (!place)
		return -ENOMEM;
	query = strchr(place, '?');
	if (query) {
		*query++ = '\0';
		*why = "after '?' only cluster=NAME is known";
		if (strncmp(query, option, strlen(option)) != 0 ||
		    !text_copy(a.cluster, sizeof(a.cluster), query + strlen(option)) ||
		    !is_name(a.cluster))
			return -EINVAL;
	}
	database = strchr(place, '/');
	if (database) {
		*database++ = '\0';
		*why = "DB must be letters, digits and '_'";
		if (!text_copy(a.database, sizeof(a.database), database) ||
		    !is_name(a.database))
			return -EINVAL;
	}
	*why = take_place(&a, place);
	if (*why)
		return -EINVAL;
	*address = a;
	return 0;
}

int clickhouse_address_password(struct clickhouse_address *address, const char *file)
{
	const char *given = getenv("COLDMETER_CLICKHOUSE_PASSWORD");
	char line[CLICKHOUSE_PASSWORD_BYTES + 2];
	AUTO(file) FILE *f = NULL;

	if (!file) {
		if (given &&
		    !text_copy(address->password, sizeof(address->password), given))
			return log_error(
			    -E2BIG, "COLDMETER_CLICKHOUSE_PASSWORD is too long");
		return 0;
	}
	f = fopen(file, "re");
	if (!f)
		return log_error(-errno, "cannot read the password in %s", file);
	if (!fgets(line, sizeof(line), f))
		return log_error(-EINVAL, "%s holds no password", file);
	line[strcspn(line, "\r\n")] = '\0';
	if (!line[0] || !text_copy(address->password, sizeof(address->password), line))
		return log_error(-EINVAL, "%s holds no password that can be", file);
	return 0;
}
