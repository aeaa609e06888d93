#include "serve/http/request_log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "serve/http/exchange.h"

struct line {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(
    struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->at, line->left, format, args);
	va_end(args);
	if (n < 0)
		return;
	n = (size_t)n < line->left ? n : (int)line->left - 1;
	line->at += n;
	line->left -= (size_t)n;
}

/* What the API knows, and so what somebody meant; anything else may be a token that was
 * put in the wrong place. */
bool request_log_shows(const char *name)
{
	static const char *const known[] = {"arch", "cold", "follow", "free_tier",
	    "function", "kind", "limit", "month", "plan", "platform", "region", "since",
	    "sort", "status", "step", "trace", "until", "version"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i]) == 0)
			return true;
	}
	return false;
}

static void add_address(struct line *line, const struct sockaddr *from)
{
	char text[INET6_ADDRSTRLEN] = "-";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (from && from->sa_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
	} else if (from && from->sa_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
	}
	add(line, "%s", text);
}

static const char *name_of(const struct token *token, bool found)
{
	if (!found)
		return "-";
	return token->name[0] ? token->name : "(in the clear)";
}

void request_log_format(const struct http_pending *x, const struct sockaddr *from,
    unsigned int status, uint64_t now_ns, char out[REQUEST_LOG_BYTES])
{
	struct line line = {out, REQUEST_LOG_BYTES - 64}; /* the figures always fit */

	out[0] = '\0';
	add_address(&line, from);
	add(&line, " %s %s %s", name_of(&x->token, x->has_token), x->request.method,
	    x->request.path);
	for (size_t i = 0; i < x->query_n; i++) {
		bool shown = request_log_shows(x->query[i].name);

		add(&line, "%c%s=%s", i ? '&' : '?', shown ? x->query[i].name : "***",
		    shown ? x->query[i].value : "***");
	}
	line.left += 64;
	add(&line, " %u %zu in %zu out %.1f ms", status, x->request.body_bytes,
	    x->reply.body_bytes, (double)(now_ns - x->started_ns) / 1e6);
}
