/* What the answer to a delivery means: done, again later, or never. Pure. */
#ifndef COLDMETER_ALERTS_DELIVERY_H
#define COLDMETER_ALERTS_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tries of one delivery; with the waits below that is about half a day. */
#define DELIVERY_MAX_ATTEMPTS 60
#define DELIVERY_ERROR_BYTES 256

enum delivery_verdict { DELIVERY_DONE, DELIVERY_RETRY, DELIVERY_GIVE_UP };

struct delivery_answer {
	long http_status;     /* 0: none came */
	long retry_after_s;   /* 0: the receiver named none */
	const char *error;    /* of the transport, when no status came */
	bool hopeless;        /* the address itself cannot work */
	const char *response; /* first bytes of the body */
};

/* attempts counts this one: 1 after the first. 2xx is done; no answer, 408, 429 and 5xx
 * come again until DELIVERY_MAX_ATTEMPTS; everything else, redirects too, is given up at
 * once. */
enum delivery_verdict delivery_judge(const struct delivery_answer *answer, int attempts);

/* How long to wait before the next try: 1 s doubled each time up to 15 minutes, give or
 * take a quarter (random: any 32 bits); what the receiver asked for where that is longer,
 * up to an hour. */
int64_t delivery_wait_ns(int attempts, long retry_after_s, uint32_t random);

/* One printable line for people. target is what must not appear in it: an answer that
 * repeats its path is left out. out holds DELIVERY_ERROR_BYTES. */
void delivery_explain(
    const struct delivery_answer *answer, const char *target, char *out);

#endif
