/* When a function that left its band is an alert: one from then until it is back. Pure.
 */
#ifndef COLDMETER_ALERTS_EPISODE_H
#define COLDMETER_ALERTS_EPISODE_H

#include "alerts/rule.h"

#define EPISODE_MAX                                                                      \
	500 /* alerts that are open at once: those of the most money come in */

/* A function that is out of its band now. */
struct episode {
	char function[FUNCTION_NAME_BYTES];
	struct anomaly anomaly; /* that with the most money */
	bool is_known;          /* to episode_step(): there is an alert of it */
};

struct episode_list {
	struct episode *items; /* one for each function */
	size_t n;
	size_t room;
};
void episode_list_done(struct episode_list *list);

/* Whether it is worth an alert: the money, more or less, that the anomaly makes a day is
 * at least that, and it is not over. */
bool episode_counts(const struct anomaly *anomaly, struct money least);

/* Takes in an anomaly of a function. They come in order of name. 0 or -ENOMEM. */
int episode_add(
    struct episode_list *list, const char *function, const struct anomaly *anomaly);

/* Brings alerts up to date with who is out of the band now: fires one for each function
 * that was not, and resolves those of functions that are back, telling people. One that
 * leaves its band again on the day on which it left it opens its alert again, and nobody
 * is told. Those of the most money come first. 0 or -ENOMEM. */
int episode_step(struct alert_list *list, struct episode_list *now, int64_t now_ns,
    rule_emit emit, void *context);

/* Ends snoozes that are over. */
void episode_hold(struct alert_list *list, int64_t now_ns, rule_emit emit, void *context);

/* Resolves all of them without telling people. */
void episode_close(
    struct alert_list *list, int64_t now_ns, rule_emit emit, void *context);

#endif
