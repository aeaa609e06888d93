#include "tui/client.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CLIENT_CONNECT_MS 3000L
#define CLIENT_TOTAL_MS 60000L

struct client {
	const struct endpoint *endpoint;
	CURL *curl;
	struct curl_slist *headers;
};

static int read_token(const char *file, struct endpoint *endpoint)
{
	AUTO(fd) int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, endpoint->token, sizeof(endpoint->token) - 1);
	if (n < 0)
		return -errno;
	endpoint->token[n] = '\0';
	endpoint->token[strcspn(endpoint->token, "\r\n")] = '\0';
	for (const char *c = endpoint->token; *c; c++)
		if (!isgraph((unsigned char)*c))
			return -EBADMSG;
	return endpoint->token[0] ? 0 : -ENODATA;
}

static int take_files(struct endpoint *endpoint, const struct endpoint_files *files,
    char *why, size_t why_size)
{
	if (files->token && read_token(files->token, endpoint) < 0) {
		(void)snprintf(
		    why, why_size, "cannot read a token from %.150s", files->token);
		return -EINVAL;
	}
	if (files->ca &&
	    (!text_copy(endpoint->ca_file, sizeof(endpoint->ca_file), files->ca) ||
		access(files->ca, R_OK) < 0)) {
		(void)snprintf(
		    why, why_size, "cannot read certificates from %.150s", files->ca);
		return -EINVAL;
	}
	return 0;
}

int endpoint_init(struct endpoint *endpoint, const char *url,
    const struct endpoint_files *files, char *why, size_t why_size)
{
	const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
			   : strncmp(url, "https://", 8) == 0 ? url + 8
							      : NULL;
	size_t end = strlen(url);

	memset(endpoint, 0, sizeof(*endpoint));
	while (end > 0 && url[end - 1] == '/')
		end--;
	if (!host || (!isalnum((unsigned char)*host) && *host != '[') ||
	    end >= sizeof(endpoint->url)) {
		(void)snprintf(why, why_size,
		    "not a collector's address: %.100s (say http://HOST:PORT)", url);
		text_make_printable(why);
		return -EINVAL;
	}
	for (const char *c = url; *c; c++)
		if (!isgraph((unsigned char)*c) || *c == '?' || *c == '#' || *c == '@') {
			(void)snprintf(why, why_size,
			    "a collector's address holds no '%c'",
			    isgraph((unsigned char)*c) ? *c : ' ');
			return -EINVAL;
		}
	memcpy(endpoint->url, url, end);
	return take_files(endpoint, files, why, why_size);
}

void reply_done(struct reply *reply)
{
	free(reply->body);
	memset(reply, 0, sizeof(*reply));
}

static size_t append(char *bytes, size_t size, size_t n, void *ctx)
{
	struct reply *reply = ctx;
	size_t more = size * n;
	char *body;

	if (reply->body_bytes + more > CLIENT_MAX_BODY_BYTES)
		return 0;
	body = realloc(reply->body, reply->body_bytes + more + 1);
	if (!body)
		return 0;
	memcpy(body + reply->body_bytes, bytes, more);
	reply->body = body;
	reply->body_bytes += more;
	body[reply->body_bytes] = '\0';
	return more;
}

/* The collector is asked directly: a proxy meant for the web has no business here. */
CURL *client_handle(const struct endpoint *endpoint, struct curl_slist **headers)
{
	CURL *curl = curl_easy_init();
	char line[sizeof(endpoint->token) + 32];
	struct curl_slist *more;

	*headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (curl && *headers && endpoint->token[0]) {
		(void)snprintf(
		    line, sizeof(line), "Authorization: Bearer %s", endpoint->token);
		more = curl_slist_append(*headers, line);
		if (!more) {
			curl_easy_cleanup(curl);
			curl = NULL;
		}
	}
	if (!curl || !*headers) {
		curl_slist_free_all(*headers);
		curl_easy_cleanup(curl);
		*headers = NULL;
		return NULL;
	}
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "coldmeter/1");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	if (endpoint->ca_file[0])
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, endpoint->ca_file);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CLIENT_CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CLIENT_TOTAL_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
	return curl;
}

int client_prepare(CURL *curl, const char *method, const char *url, const char *body,
    struct reply *reply)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);

	if (!code && body) {
		code = curl_easy_setopt(
		    curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		if (!code)
			code = curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
	} else if (!code) {
		code = curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	}
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	return code ? -ENOMEM : 0;
}

/* {"error":{"code","message"}}, or the start of whatever it said. */
static void explain(struct reply *reply)
{
	json_t *root = reply->body ? json_loads(reply->body, 0, NULL) : NULL;
	const char *message =
	    json_string_value(json_object_get(json_object_get(root, "error"), "message"));

	if (message)
		(void)snprintf(reply->why, sizeof(reply->why), "%.200s", message);
	else
		(void)snprintf(reply->why, sizeof(reply->why),
		    "the collector answered %ld: %.100s", reply->status,
		    reply->body ? reply->body : "");
	text_make_printable(reply->why);
	json_decref(root);
}

int client_finish(CURL *curl, CURLcode code, struct reply *reply)
{
	if (code != CURLE_OK) {
		reply->status = 0;
		(void)snprintf(reply->why, sizeof(reply->why), "%s",
		    code == CURLE_WRITE_ERROR ? "its answer is too large"
					      : curl_easy_strerror(code));
		return -ECONNREFUSED;
	}
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
	if (reply->status >= 200 && reply->status < 300)
		return 0;
	explain(reply);
	return -EBADMSG;
}

struct client *client_open(const struct endpoint *endpoint)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->endpoint = endpoint;
	client->curl = client_handle(endpoint, &client->headers);
	if (!client->curl) {
		free(client);
		return NULL;
	}
	return client;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	curl_slist_free_all(client->headers);
	free(client);
}

int client_call(struct client *client, const char *method, const char *path,
    const char *body, struct reply *reply)
{
	char url[CLIENT_URL_BYTES + CLIENT_PATH_BYTES];
	int err;

	memset(reply, 0, sizeof(*reply));
	(void)snprintf(url, sizeof(url), "%s%s", client->endpoint->url, path);
	err = client_prepare(client->curl, method, url, body, reply);
	if (err)
		return err;
	return client_finish(client->curl, curl_easy_perform(client->curl), reply);
}

/* Our headers with another type: it stands first. */
static struct curl_slist *headers_for(const struct client *client, const char *type)
{
	char line[128];
	struct curl_slist *headers;
	struct curl_slist *more;

	(void)snprintf(line, sizeof(line), "Content-Type: %s", type);
	headers = curl_slist_append(NULL, line);
	for (const struct curl_slist *l = client->headers->next; headers && l;
	     l = l->next) {
		more = curl_slist_append(headers, l->data);
		if (!more)
			curl_slist_free_all(headers);
		headers = more;
	}
	return headers;
}

int client_send(struct client *client, const char *path, const char *type,
    const void *bytes, size_t n, struct reply *reply)
{
	char url[CLIENT_URL_BYTES + CLIENT_PATH_BYTES];
	struct curl_slist *headers = headers_for(client, type);
	CURL *curl = client->curl;
	int err;

	memset(reply, 0, sizeof(*reply));
	if (!headers)
		return -ENOMEM;
	(void)snprintf(url, sizeof(url), "%s%s", client->endpoint->url, path);
	err = client_prepare(curl, "POST", url, NULL, reply);
	if (!err &&
	    (curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) ||
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n) ||
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes)))
		err = -ENOMEM;
	if (!err)
		err = client_finish(curl, curl_easy_perform(curl), reply);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
	curl_slist_free_all(headers);
	return err;
}

void client_certificate_end(struct client *client, char *out, size_t size)
{
	static const char key[] = "Expire date:";
	struct curl_certinfo *chain = NULL;
	const struct curl_slist *line = NULL;

	out[0] = '\0';
	if (curl_easy_getinfo(client->curl, CURLINFO_CERTINFO, &chain) || !chain ||
	    chain->num_of_certs < 1)
		return;
	for (line = chain->certinfo[0]; line; line = line->next) {
		if (strncmp(line->data, key, sizeof(key) - 1) == 0)
			(void)text_copy(out, size, line->data + sizeof(key) - 1);
	}
}

static void add(struct path *path, const char *text)
{
	size_t at = strlen(path->text);

	if (!text_copy(path->text + at, sizeof(path->text) - at, text))
		path->overflow = true;
}

static void add_escaped(struct path *path, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char piece[4] = {(char)c, '\0'};

		if (!isalnum(c) && !strchr("-._~", c)) {
			piece[0] = '%';
			piece[1] = hex[c >> 4];
			piece[2] = hex[c & 15];
			piece[3] = '\0';
		}
		add(path, piece);
	}
}

void path_start(struct path *path, const char *text)
{
	memset(path, 0, sizeof(*path));
	add(path, text);
}

void path_more(struct path *path, const char *text)
{
	add(path, text);
}

void path_segment(struct path *path, const char *text)
{
	add(path, "/");
	add_escaped(path, text);
}

void path_query(struct path *path, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	add(path, path->has_query ? "&" : "?");
	path->has_query = true;
	add(path, key);
	add(path, "=");
	add_escaped(path, value);
}
