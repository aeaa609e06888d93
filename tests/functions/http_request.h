/* Requests of HTTP/1.1 as the servers of the tests read them: a head, then a body in
 * pieces. */
#ifndef COLDMETER_TESTS_HTTP_REQUEST_H
#define COLDMETER_TESTS_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#define HTTP_TRAILER_MAX_BYTES 8192

struct http_text {
	const char *at;
	size_t bytes;
};

/* Points into the buffer that was parsed. */
struct http_head {
	struct http_text method;
	struct http_text target;
	struct http_text fields;
	int64_t content_length; /* -1: none */
	bool chunked;
	bool keep_alive;
};

static inline bool http_is(struct http_text text, const char *wanted)
{
	return text.bytes == strlen(wanted) && memcmp(text.at, wanted, text.bytes) == 0;
}

static inline struct http_text http_trim(struct http_text text)
{
	while (text.bytes && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.bytes--;
	}
	while (text.bytes &&
	       (text.at[text.bytes - 1] == ' ' || text.at[text.bytes - 1] == '\t'))
		text.bytes--;
	return text;
}

/* Cuts the next line off *rest; the last one need not end. */
static inline struct http_text http_line(struct http_text *rest)
{
	const char *end = memchr(rest->at, '\n', rest->bytes);
	struct http_text line = {rest->at, end ? (size_t)(end - rest->at) : rest->bytes};

	rest->at += line.bytes + (end ? 1 : 0);
	rest->bytes -= line.bytes + (end ? 1 : 0);
	if (line.bytes && line.at[line.bytes - 1] == '\r')
		line.bytes--;
	return line;
}

/* The value of a field, or {NULL, 0}. name is in lower case or as usual: case is ignored.
 */
static inline struct http_text http_field(const struct http_head *head, const char *name)
{
	struct http_text rest = head->fields;
	size_t n = strlen(name);

	while (rest.bytes) {
		struct http_text line = http_line(&rest);

		if (line.bytes > n && line.at[n] == ':' &&
		    strncasecmp(line.at, name, n) == 0)
			return http_trim(
			    (struct http_text){line.at + n + 1, line.bytes - n - 1});
	}
	return (struct http_text){NULL, 0};
}

static inline bool http_says(struct http_text value, const char *wanted)
{
	return value.bytes == strlen(wanted) &&
	       strncasecmp(value.at, wanted, value.bytes) == 0;
}

static inline bool http_parse_length(struct http_text text, int64_t *length)
{
	int64_t n = 0;

	if (text.bytes == 0 || text.bytes > 15)
		return false;
	for (size_t i = 0; i < text.bytes; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		n = n * 10 + (text.at[i] - '0');
	}
	*length = n;
	return true;
}

static inline bool http_parse_fields(struct http_head *head, bool is_1_0)
{
	struct http_text length = http_field(head, "Content-Length");
	struct http_text coding = http_field(head, "Transfer-Encoding");
	struct http_text connection = http_field(head, "Connection");

	head->content_length = -1;
	if (length.at && !http_parse_length(length, &head->content_length))
		return false;
	head->chunked = coding.at != NULL;
	if (head->chunked && !http_says(coding, "chunked"))
		return false;
	if (head->chunked && length.at) /* two framings: somebody is smuggling */
		return false;
	head->keep_alive = is_1_0 ? http_says(connection, "keep-alive")
				  : !http_says(connection, "close");
	return true;
}

/* Bytes of the head at the start of buf (> 0), 0 when more is needed, -1 when it is none.
 */
static inline ssize_t http_parse_head(const char *buf, size_t len, struct http_head *head)
{
	const char *end = memmem(buf, len, "\r\n\r\n", 4);
	struct http_text rest = {buf, end ? (size_t)(end - buf) + 2 : 0};
	struct http_text line;
	const char *space;

	if (len && (*buf < 'A' || *buf > 'Z'))
		return -1;
	if (!end)
		return 0;
	line = http_line(&rest);
	space = memchr(line.at, ' ', line.bytes);
	if (!space)
		return -1;
	head->method = (struct http_text){line.at, (size_t)(space - line.at)};
	line.bytes -= head->method.bytes + 1;
	line.at = space + 1;
	space = memchr(line.at, ' ', line.bytes);
	if (!space || space == line.at)
		return -1;
	head->target = (struct http_text){line.at, (size_t)(space - line.at)};
	line.bytes -= head->target.bytes + 1;
	line.at = space + 1;
	if (!http_is(line, "HTTP/1.1") && !http_is(line, "HTTP/1.0"))
		return -1;
	head->fields = rest;
	if (!http_parse_fields(head, http_is(line, "HTTP/1.0")))
		return -1;
	return end - buf + 4;
}

enum http_body_state {
	HTTP_BODY_DONE,
	HTTP_BODY_BAD,
	HTTP_BODY_LENGTH,
	HTTP_BODY_SIZE,
	HTTP_BODY_EXTENSION,
	HTTP_BODY_CHUNK,
	HTTP_BODY_CHUNK_END,
	HTTP_BODY_TRAILER
};

struct http_body {
	enum http_body_state state;
	uint64_t left;
	unsigned digits; /* of a chunk's size */
	size_t line;     /* bytes of a trailer's line */
	size_t trailer;
};

static inline void http_body_init(struct http_body *body, const struct http_head *head)
{
	*body = (struct http_body){.state = HTTP_BODY_DONE};
	if (head->chunked) {
		body->state = HTTP_BODY_SIZE;
	} else if (head->content_length > 0) {
		body->state = HTTP_BODY_LENGTH;
		body->left = (uint64_t)head->content_length;
	}
}

static inline int http_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline void http_body_size(struct http_body *body, char c)
{
	int digit = http_hex(c);

	if (body->state == HTTP_BODY_SIZE && digit >= 0 && body->digits < 12) {
		body->left = body->left * 16 + (unsigned)digit;
		body->digits++;
	} else if (body->digits == 0) {
		body->state = HTTP_BODY_BAD;
	} else if (c == '\n') {
		body->state = body->left ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILER;
		body->line = 0;
	} else if (c == ';') {
		body->state = HTTP_BODY_EXTENSION;
	} else if (c != '\r' && body->state == HTTP_BODY_SIZE) {
		body->state = HTTP_BODY_BAD;
	}
}

/* One byte that is framing, not body. */
static inline void http_body_frame(struct http_body *body, char c)
{
	if (body->state == HTTP_BODY_SIZE || body->state == HTTP_BODY_EXTENSION) {
		http_body_size(body, c);
	} else if (body->state == HTTP_BODY_CHUNK_END) {
		if (c == '\n') {
			body->state = HTTP_BODY_SIZE;
			body->digits = 0;
		} else if (c != '\r') {
			body->state = HTTP_BODY_BAD;
		}
	} else if (++body->trailer > HTTP_TRAILER_MAX_BYTES) {
		body->state = HTTP_BODY_BAD;
	} else if (c == '\n') {
		if (body->line == 0)
			body->state = HTTP_BODY_DONE;
		body->line = 0;
	} else if (c != '\r') {
		body->line++;
	}
}

/* Takes bytes of a body from buf and returns how many; *piece is what of them is content.
 * Call again until all is taken, or the state is HTTP_BODY_DONE or HTTP_BODY_BAD. */
static inline size_t http_body_take(
    struct http_body *body, const char *buf, size_t len, struct http_text *piece)
{
	size_t at = 0;

	*piece = (struct http_text){NULL, 0};
	while (at < len && body->state > HTTP_BODY_BAD) {
		if (body->state == HTTP_BODY_LENGTH || body->state == HTTP_BODY_CHUNK) {
			size_t n = len - at < body->left ? len - at : (size_t)body->left;

			*piece = (struct http_text){buf + at, n};
			body->left -= n;
			if (body->left == 0)
				body->state = body->state == HTTP_BODY_LENGTH
						  ? HTTP_BODY_DONE
						  : HTTP_BODY_CHUNK_END;
			return at + n;
		}
		http_body_frame(body, buf[at++]);
	}
	return at;
}

#endif
