/* What the file of settings says of functions' costs, by name: the calls that go with an
 * invocation, and tags. */
#ifndef COLDMETER_SERVE_FIGURES_COST_RULES_H
#define COLDMETER_SERVE_FIGURES_COST_RULES_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

#include "price/companions.h"

#define COST_RULES_KEY_BYTES 64    /* of a tag */
#define COST_RULES_VALUE_BYTES 128 /* of a tag */

/*   companions:
 *     api: http-api          # for every function; also rest-api, websocket-api
 *     dynamodb-reads: 2      # calls for each invocation
 *     checkout-*:            # of these functions only; goes before the above, and
 *       s3-puts: 0.1         # before patterns below. An api is instead of another
 *   tags:
 *     checkout-*: {team: shop}
 *     "*": {team: platform}  # the first pattern that has the tag holds */
struct cost_rules;

/* Reads the two blocks of a file; "" is no file, and no rules. 0, or -errno after one
 * line through log_error with file, line, column and reason. */
int cost_rules_load(const char *path, struct cost_rules **out);
void cost_rules_free(struct cost_rules *rules);

/* Rules that others take the place of while the server's threads read them. */
struct cost_rules_slot {
	pthread_mutex_t lock; /* held for an instruction or two */
	struct cost_rules *rules;
};

/* Puts rules (NULL: none), which the slot owns from then on, in the place of those that
 * are there; these go when the last reader lets go of them. */
void cost_rules_replace(struct cost_rules_slot *slot, struct cost_rules *rules);

/* The rules as they are now, which stay until cost_rules_free(). NULL: none, or slot is
 * NULL. */
struct cost_rules *cost_rules_hold(struct cost_rules_slot *slot);

/* Calls for each invocation of a function. rules may be NULL: none. */
void cost_rules_companions(
    const struct cost_rules *rules, const char *function, struct companions *out);
bool cost_rules_have_companions(const struct cost_rules *rules);

/* The value of a function's tag, or NULL. */
const char *cost_rules_tag(
    const struct cost_rules *rules, const char *function, const char *key);

/* All tags of a function, {"team":"shop"}; NULL when it has none, or out of memory. */
json_t *cost_rules_tags(const struct cost_rules *rules, const char *function);

#endif
