/* When to ping a function that the user wants warm, and whether it pays. Pure. */
#ifndef COLDMETER_ALERTS_KEEPWARM_H
#define COLDMETER_ALERTS_KEEPWARM_H

#include "alerts/keepwarm/ping.h"
#include "alerts/keepwarm/track.h"
#include "model/money.h"

#define KEEPWARM_BODY_BYTES 4096
#define KEEPWARM_WHY_BYTES 256

/* What the user set. */
struct keepwarm {
	bool enabled;
	bool post;            /* POST, else GET */
	char *url;            /* owned; NULL: none */
	char *body;           /* owned; NULL: none */
	double idle_life_s;   /* the user knows it; 0: learned */
	int64_t since_ns;     /* when it was last switched on or off */
	uint64_t cold_before; /* cold starts in the hour before it was switched on */
	uint64_t pings;       /* sent since */
};

enum keepwarm_state {
	KEEPWARM_OFF,
	KEEPWARM_LEARNING, /* pinging, the idle life not yet known well */
	KEEPWARM_WARMING,  /* pinging just before the idle life ends */
	KEEPWARM_IDLE, /* pinging because it was asked, though nobody calls: no gain */
	KEEPWARM_PAUSED_BUDGET
};

struct keepwarm_decision {
	enum keepwarm_state state;
	int64_t next_ns; /* of the next ping; 0: none will be */
};

const char *keepwarm_state_name(enum keepwarm_state state);

void keepwarm_done(struct keepwarm *keepwarm);

/* track may be NULL (never seen). last_ping_ns: when the last ping was sent, 0 for none.
 * over_budget: a budget that covers the function is spent. A ping under way is the
 * caller's to respect. */
void keepwarm_decide(const struct keepwarm *keepwarm, const struct track *track,
    int64_t last_ping_ns, bool over_budget, int64_t now_ns,
    struct keepwarm_decision *out);

/* The gap after which it is pinged, in seconds. */
double keepwarm_ping_s(const struct keepwarm *keepwarm, const struct track *track);

/* One sentence: what the pings cost, what they spared, and whether that pays. out holds
 * KEEPWARM_WHY_BYTES. Returns whether it pays in money alone. */
bool keepwarm_explain(const struct track *track, uint64_t pings, struct money cost,
    struct money saved, char *out);

/* One sentence when pings do not reach the function: the last one failed on its way, or
 * several in a row were not seen there. unseen: sent since one was seen; last may be
 * NULL. out holds KEEPWARM_WHY_BYTES. Returns whether there is any trouble. */
bool keepwarm_trouble(const struct keepwarm *keepwarm, uint64_t unseen,
    const struct ping_result *last, char *out);

/* Reads the body of PUT /v1/keepwarm/{function}: strict, 0, -ENOMEM, or -EINVAL with one
 * sentence in why (KEEPWARM_WHY_BYTES). What the body leaves out stays as in *before (may
 * be NULL). Switching on needs a ping_url. Release *out with keepwarm_done(). */
int keepwarm_parse(const char *body, size_t body_bytes, const struct keepwarm *before,
    struct keepwarm *out, char *why);

/* The settings, and what was learned, as documents of the store; malloc'd or NULL. */
char *keepwarm_format(const struct keepwarm *keepwarm);
char *keepwarm_format_track(const struct track *track);

/* Back: 0 or -EBADMSG. load gives *out, to be released. load_track fills what the
 * document holds; *track was initialised. */
int keepwarm_load(const char *text, struct keepwarm *out);
int keepwarm_load_track(const char *text, struct track *track);

#endif
