/* Which rows of the raw files have been there for long enough to be merged, and are not
 * yet. */
#ifndef COLDMETER_STORE_SQLITE_RAW_RIPE_H
#define COLDMETER_STORE_SQLITE_RAW_RIPE_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite;

/* A row of a raw file, and all before it. */
struct raw_mark {
	int64_t day; /* -1: none */
	int64_t row;
	uint64_t small; /* raw->small then; UINT64_MAX: not known */
};

/* Begin with raw_ripe_init(). */
struct raw_ripe {
	bool is_known; /* done was read */
	struct raw_mark done;
	struct raw_mark young; /* the latest row when it was young_ns */
	struct raw_mark ripe;  /* the latest row an hour before then, or longer */
	int64_t young_ns;
	int64_t seen_ns; /* the clock, last */
};

/* Rows of a day. */
struct raw_window {
	int64_t day;
	int64_t after; /* behind this one, */
	int64_t end;   /* up to that one; what is beyond is not for us to touch */
	bool is_over;  /* nothing is added to the day any more */
	bool has_none; /* all of them are large */
};

void raw_ripe_init(struct raw_ripe *ripe);

/* Before anything else, and at least every ten minutes: else, and when the clock goes
 * back, it was set, and the hour begins anew. */
void raw_ripe_see(struct raw_ripe *ripe, int64_t now_ns);

/* 1: there is a window; 0: there is none now; or store_errno(), -ENOMEM. */
int raw_ripe_next(struct sqlite *store, struct raw_ripe *ripe, struct raw_window *window);

/* A window was done with, up to that row of it. 0 or store_errno(). */
int raw_ripe_done(struct sqlite *store, struct raw_ripe *ripe,
    const struct raw_window *window, int64_t row);

#endif
