/* The rows that lead a list, as JSON texts: shown one by one, those that cannot be among
 * them are not kept. */
#ifndef COLDMETER_SERVE_FIGURES_LEADERS_H
#define COLDMETER_SERVE_FIGURES_LEADERS_H

#include "model/function.h"
#include "serve/answers/answer.h"
#include "wire/json/out.h"

/* Begin with the choice set; release with leaders_done(). */
struct leaders {
	struct choice choice;
	struct leader **rows; /* a heap, the last one of the list at its top */
	size_t n;
	size_t room;
	size_t seen; /* rows that were shown */
};

void leaders_done(struct leaders *leaders);

/* Shows a row with what it is sorted by, measured; the function decides between equals:
 * by name, version and platform. True when leaders_put() is to follow. */
bool leaders_want(
    struct leaders *leaders, const struct rank_row *row, const struct function *function);

/* Keeps the row's JSON text, which it takes over (NULL: out of memory). 0 or -ENOMEM. */
int leaders_put(struct leaders *leaders, const struct rank_row *row,
    const struct function *function, char *text);

/* Writes the rows in their order, as the member "functions". The leaders are empty then.
 */
void leaders_write(struct leaders *leaders, struct json_out *out);

#endif
