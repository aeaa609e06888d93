/* What the answers share: windows, bodies, figures as JSON, and the handlers' names. */
#ifndef COLDMETER_SERVE_ANSWERS_ANSWER_H
#define COLDMETER_SERVE_ANSWERS_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "model/histogram.h"
#include "model/money.h"
#include "serve/answers.h"
#include "serve/figures/rank.h"

struct window {
	int64_t since_ns;
	int64_t until_ns;
};

/* Reads since= (default: span before now) and until= (default: now). since is moved back
 * to the start of its minute, because that is what the answer covers. False with a 400 in
 * the reply when a value is bad. */
bool answer_window(const struct http_request *request, const char *span,
    struct window *window, struct http_reply *reply);

/* Widens the window to what sums still tell of its ends: see store_grain(). Those who
 * answer by sums call it. */
void answer_widen(struct store *store, struct window *window);

/* Moves the begin of a window of a week or more back to that of its hour, by less than a
 * hundredth of it: sums of hours tell all of it then, and no minute is read. */
void answer_begin_with_hour(struct window *window);

/* Reads a flag of "true", "false", "1", "0"; absent leaves *value. False with a 400. */
bool answer_flag(const struct http_request *request, const char *name, bool *value,
    struct http_reply *reply);

/* Reads limit=, a number from 1 to max; absent leaves *limit. False with a 400. */
bool answer_limit(const struct http_request *request, unsigned long max,
    unsigned long *limit, struct http_reply *reply);

/* What leads a list, and how many of it: sort=, reverse=, limit=. False with a 400. */
struct choice {
	enum rank rank;
	bool reverse;
	bool is_default; /* nothing was asked: by name, version and platform */
	unsigned long limit;
};
bool answer_choice(
    const struct http_request *request, struct choice *choice, struct http_reply *reply);

/* The text of root, which it takes over; NULL without memory, or when root is NULL. */
char *answer_text(json_t *root);

/* Takes over root (NULL: out of memory) as the reply's body. 0 or -ENOMEM. */
int answer_send(struct http_reply *reply, json_t *root);

/* The same of a text; empties it. */
struct json_out;
int answer_send_out(struct http_reply *reply, struct json_out *out);
void answer_put_window(
    struct json_out *out, const char *key, const struct window *window);

json_t *answer_time(int64_t ns);
json_t *answer_count(uint64_t n);
/* Rounded to three decimals, as milliseconds from nanoseconds are told. */
json_t *answer_number(double value);
json_t *answer_ms(double ns);
json_t *answer_money(struct money money);
json_t *answer_window_json(const struct window *window);

/* What figures_put_ledger() writes, for an answer that is a tree; NULL: no memory. */
json_t *answer_ledger(const struct batch_ledger *ledger);

int answer_functions(
    void *context, const struct http_request *request, struct http_reply *reply);
/* GET /v1/functions with by=, which says what its rows are: hosts, versions, ... */
int answer_groups(const struct answers *answers, const struct http_request *request,
    const struct choice *choice, struct http_reply *reply);
int answer_series(
    void *context, const struct http_request *request, struct http_reply *reply);
int answer_invocations(
    void *context, const struct http_request *request, struct http_reply *reply);
int answer_trace(
    void *context, const struct http_request *request, struct http_reply *reply);
int answer_diff(
    void *context, const struct http_request *request, struct http_reply *reply);
int answer_invoice(
    void *context, const struct http_request *request, struct http_reply *reply);
int answer_metrics(
    void *context, const struct http_request *request, struct http_reply *reply);

#endif
