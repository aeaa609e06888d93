#include "alerts/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *reject_characters(const char *url)
{
	size_t bytes = strnlen(url, URL_MAX_BYTES);

	if (bytes == URL_MAX_BYTES)
		return "is longer than 2047 bytes";
	for (size_t i = 0; i < bytes; i++)
		if (url[i] <= ' ' || url[i] >= 0x7f)
			return "holds a space, a control or a non-ASCII character";
	return NULL;
}

const char *url_reject(const char *url)
{
	const char *why = reject_characters(url);
	CURLU *parts;
	char *scheme = NULL;
	char *host = NULL;

	if (why)
		return why;
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return "must begin with http:// or https://";
	if (strchr(
		"/?#", strchr(url, '/')[2])) /* libcurl would look further for a host */
		return "is malformed";
	parts = curl_url();
	if (!parts)
		return "cannot be checked: out of memory";
	if (curl_url_set(parts, CURLUPART_URL, url, 0) ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) || !*host)
		why = "is malformed";
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parts);
	return why;
}

/* Where the host begins, without user and password; its bytes in *bytes. */
static const char *find_host(const char *url, size_t *bytes)
{
	const char *host = strstr(url, "://");
	const char *at;

	host = host ? host + 3 : url;
	*bytes = strcspn(host, "/?#");
	at = memrchr(host, '@', *bytes);
	if (at) {
		*bytes -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	return host;
}

static const char *scheme_of(const char *url)
{
	return strncasecmp(url, "https", 5) == 0 ? "https" : "http";
}

void url_mask(const char *url, char *out, size_t size)
{
	size_t host_bytes;
	const char *host = find_host(url, &host_bytes);

	(void)snprintf(out, size, "%s://%.*s/...", scheme_of(url), (int)host_bytes, host);
	text_make_printable(out);
}

void url_show(const char *url, char *out, size_t size)
{
	size_t host_bytes;
	const char *host = find_host(url, &host_bytes);
	size_t path_bytes = strcspn(host + host_bytes, "?#");

	(void)snprintf(out, size, "%s://%.*s%s", scheme_of(url),
	    (int)(host_bytes + path_bytes), host,
	    host[host_bytes + path_bytes] == '?' ? "?..." : "");
	text_make_printable(out);
}
