/* The members of a described usage: their names, and reading one of them. Each member
 * may be given under its name or under one of its other names; readers take the name. */
#ifndef COLDMETER_PRICE_ESTIMATE_MEMBERS_H
#define COLDMETER_PRICE_ESTIMATE_MEMBERS_H

#include <stdbool.h>

#include "price/json_check.h"

/* Whether only known members are there, each once. 0 or -EBADMSG, the sentence written.
 */
int members_check(const struct check *c, const struct place *at);

/* The name under which the member is there, or NULL; its value, or NULL. */
const char *member_name(const struct place *at, const char *name);
const json_t *member_value(const struct place *at, const char *name);

static inline bool member_is_there(const struct place *at, const char *name)
{
	return member_name(at, name) != NULL;
}

/* Readers: 0, or -EBADMSG with the sentence written and *out untouched; *out keeps its
 * value, too, when the member is not there. Figures are numbers or text. */

/* Whether the member is there, else a sentence that it is missing. */
int member_need(const struct check *c, const struct place *at, const char *name);

/* Refuses the member, which is there, with a sentence. Returns -EBADMSG. */
int member_refuse(const struct check *c, const struct place *at, const char *name,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* 0 or more with at most 6 decimals, in millionths. */
int member_micro(
    const struct check *c, const struct place *at, const char *name, uint64_t *out);

/* A whole number in the range. */
int member_whole(const struct check *c, const struct place *at, const char *name,
    const uint64_t range[2], uint64_t *out);

/* Milliseconds, at most a week of them, as ns. */
int member_span(
    const struct check *c, const struct place *at, const char *name, uint64_t *out_ns);

/* How long something is kept: seconds under one name, or hours under another, at most 100
 * years, as ms rounded up. */
int member_time(const struct check *c, const struct place *at, const char *seconds,
    const char *hours, uint64_t *out_ms);

int member_flag(
    const struct check *c, const struct place *at, const char *name, bool *out);

#endif
