/* Reading members of JSON that people wrote, with errors that name the place. */
#ifndef COLDMETER_PRICE_JSON_CHECK_H
#define COLDMETER_PRICE_JSON_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define CHECK_PATH_BYTES 96

struct check {
	char *why; /* gets the sentence */
	size_t why_size;
};

/* One object of the file and where it stands, such as "prices[3]"; "" is the top. */
struct place {
	const json_t *object;
	char path[CHECK_PATH_BYTES];
};

/* Writes "PATH.MEMBER: reason", control characters replaced; member may be NULL. Returns
 * -EBADMSG. */
int check_refuse(const struct check *c, const struct place *at, const char *member,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Each returns 0 or -EBADMSG with the sentence written, and *out untouched on failure. */
int check_is_object(const struct check *c, const struct place *at);
int check_members(
    const struct check *c, const struct place *at, const char *const *allowed);
/* A string of 1..200 bytes without control characters, which must be there. */
int check_string(
    const struct check *c, const struct place *at, const char *member, const char **out);
/* A whole number >= 0; *out keeps its value when the member is not there. */
int check_count(
    const struct check *c, const struct place *at, const char *member, uint64_t *out);

#endif
