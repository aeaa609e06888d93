/* What totals.c and totals_file.c share. */
#ifndef COLDMETER_SERVE_EXPORTS_TOTALS_ROWS_H
#define COLDMETER_SERVE_EXPORTS_TOTALS_ROWS_H

#include <pthread.h>

#include "base/by_id.h"
#include "serve/exports/totals.h"

struct totals {
	pthread_mutex_t mutex; /* over all of it */
	struct totals_function **rows;
	size_t n;
	size_t max;
	uint32_t *table; /* open addressing: row + 1, 0: empty */
	size_t size;
	struct by_id by_id;               /* rows by the store's numbers */
	struct totals_function *overflow; /* NULL: none yet */
	int64_t look_ns; /* not before then is a silent function searched for */
	int64_t start_ns;
	bool changed; /* since the last encoding */
};

/* Found or added; NULL: neither room nor memory. Locked by the caller, as are the next.
 */
struct totals_function *totals_row(
    struct totals *totals, const struct function *function, int64_t now_ns);
void totals_function_free(struct totals_function *function);
void totals_clear(struct totals *totals);

#endif
