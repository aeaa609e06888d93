#include "tui/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CONNECT_MS 10000L
#define TOTAL_MS 120000L

struct download {
	char *bytes;
	size_t n;
	size_t room;
	size_t max;
	bool too_much;
};

static size_t take(char *data, size_t size, size_t n, void *context)
{
	struct download *d = context;
	size_t bytes = size * n;

	if (bytes > d->max - d->n) {
		d->too_much = true;
		return 0;
	}
	if (d->n + bytes + 1 > d->room) {
		size_t room = (d->n + bytes + 1) * 2;
		char *more = realloc(d->bytes, room);

		if (!more)
			return 0;
		d->bytes = more;
		d->room = room;
	}
	memcpy(d->bytes + d->n, data, bytes);
	d->n += bytes;
	d->bytes[d->n] = '\0';
	return bytes;
}

static CURLcode transfer(CURL *curl, const struct fetch *what, struct download *d)
{
	struct curl_slist *headers =
	    what->header ? curl_slist_append(NULL, what->header) : NULL;
	CURLcode code;

	if (what->header && !headers)
		return CURLE_OUT_OF_MEMORY;
	(void)curl_easy_setopt(curl, CURLOPT_URL, what->url);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_MS);
	(void)curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, d);
	code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	return code;
}

static int explain(
    CURLcode code, long status, const struct download *d, char *why, size_t size)
{
	if (d->too_much)
		(void)snprintf(why, size, "the answer is of more than %zu bytes", d->max);
	else if (code == CURLE_WRITE_ERROR)
		(void)snprintf(why, size, "out of memory");
	else if (code != CURLE_OK)
		(void)snprintf(why, size, "%s", curl_easy_strerror(code));
	else if (status != 200)
		(void)snprintf(why, size, "the server answered with status %ld", status);
	else if (d->n == 0)
		(void)snprintf(why, size, "the answer is empty");
	else
		return 0;
	return -EIO;
}

int fetch(
    const struct fetch *what, char **body, size_t *body_bytes, char *why, size_t why_size)
{
	struct download d = {.max = what->max_bytes};
	CURL *curl = curl_easy_init();
	char reason[256];
	long status = 0;
	CURLcode code;
	int err;

	if (!curl) {
		(void)snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	code = transfer(curl, what, &d);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	err = explain(code, status, &d, reason, sizeof(reason));
	if (err) {
		free(d.bytes);
		(void)snprintf(why, why_size, "%.200s: %s",
		    what->name ? what->name : what->url, reason);
		text_make_printable(why);
		return err;
	}
	*body = d.bytes;
	*body_bytes = d.n;
	return 0;
}

/* One part of a URL, with the port that the scheme has. NULL: there is none. */
static char *part_of(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	return text;
}

static bool is_same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *left = part_of(a, part);
	char *right = part_of(b, part);
	bool same = left && right && strcmp(left, right) == 0;

	curl_free(left);
	curl_free(right);
	return same;
}

bool fetch_is_same_server(const char *a, const char *b)
{
	CURLU *left = curl_url();
	CURLU *right = curl_url();
	bool same = left && right &&
		    curl_url_set(left, CURLUPART_URL, a, 0) == CURLUE_OK &&
		    curl_url_set(right, CURLUPART_URL, b, 0) == CURLUE_OK &&
		    is_same_part(left, right, CURLUPART_SCHEME) &&
		    is_same_part(left, right, CURLUPART_HOST) &&
		    is_same_part(left, right, CURLUPART_PORT);

	curl_url_cleanup(left);
	curl_url_cleanup(right);
	return same;
}

bool fetch_is_loopback(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	CURLU *parsed = curl_url();
	bool ok = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
	char *host = ok ? part_of(parsed, CURLUPART_HOST) : NULL;

	ok = false;
	for (size_t i = 0; !ok && host && i < sizeof(hosts) / sizeof(hosts[0]); i++)
		ok = strcmp(host, hosts[i]) == 0;
	curl_free(host);
	curl_url_cleanup(parsed);
	return ok;
}

bool fetch_is_private(const char *url)
{
	CURLU *parsed = curl_url();
	bool ok = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
	char *scheme = ok ? part_of(parsed, CURLUPART_SCHEME) : NULL;

	ok = scheme && strcmp(scheme, "https") == 0;
	curl_free(scheme);
	curl_url_cleanup(parsed);
	return ok || fetch_is_loopback(url);
}

int fetch_append(char url[FETCH_URL_BYTES], const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	size_t at = strlen(url);
	size_t n = escaped ? strlen(escaped) : 0;
	int err = escaped ? 0 : -ENOMEM;

	if (!err && n >= FETCH_URL_BYTES - at)
		err = -ENAMETOOLONG;
	if (!err)
		memcpy(url + at, escaped, n + 1);
	curl_free(escaped);
	return err;
}
