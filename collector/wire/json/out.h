/* A JSON text, written as it is made: of thousands of rows a tree (jansson's) takes
 * longer to make and to print than what they tell takes to add up. */
#ifndef COLDMETER_WIRE_JSON_OUT_H
#define COLDMETER_WIRE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/money.h"

/* Zero-initialised is empty and valid. What finds no memory is left out, and
 * json_out_take() fails. */
struct json_out {
	struct buffer text;
	bool follows; /* what comes next is behind something: a comma goes before it */
};

void json_out_done(struct json_out *out);

/* The text, which the caller frees; out is empty then. NULL: there was no memory. bytes
 * (NULL: nobody asks): its length. */
char *json_out_take(struct json_out *out, size_t *bytes);

/* Each is a member of that key, which is written as it stands, or, where key is NULL, an
 * item of a list or the whole. */
void json_out_open(struct json_out *out, const char *key);
void json_out_close(struct json_out *out);
void json_out_open_list(struct json_out *out, const char *key);
void json_out_close_list(struct json_out *out);
void json_out_string(struct json_out *out, const char *key, const char *s);
void json_out_json(
    struct json_out *out, const char *key, const char *json); /* as it is */
void json_out_flag(struct json_out *out, const char *key, bool value);
void json_out_count(struct json_out *out, const char *key, uint64_t n); /* to 2^63-1 */
/* Rounded to three decimals; left out where it is not finite. */
void json_out_number(struct json_out *out, const char *key, double value);
void json_out_ms(struct json_out *out, const char *key, double ns);
void json_out_time(struct json_out *out, const char *key, int64_t wall_ns);
void json_out_money(struct json_out *out, const char *key, struct money money);

#endif
