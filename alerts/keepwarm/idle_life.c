#include "alerts/keepwarm/idle_life.h"

#include <math.h>

#define GAP_MIN_S 1.0
#define WEIGHT_MAX 32.0F  /* of one bin: a long history must not outvote the present */
#define WEIGHT_GONE 0.05F /* below it an observation is forgotten */
#define FADE_PING                                                                        \
	0.99F             /* of cold evidence, at each warm ping: old limits are retried \
			   */
#define FADE_DISPUTE 0.7F /* of what a new observation contradicts */
#define COLD_SHARE_MAX 0.05 /* a gap is safe while no more than this ends cold */
#define PING_OF_COLD_MIN 0.8
#define FALL_TO 4
#define CLIMB_STEP 1.1
#define CLIMB_UNTIL                                                                      \
	0.7           /* of cold_min: above, one more step gains little and risks a lot */
#define CLIMB_AFTER 5 /* warm pings */

struct block { /* of neighbouring bins, for pooling */
	double warm;
	double cold;
	int last;
};

static int bin_of(double gap_s)
{
	int bin = (int)floor(log2(gap_s) * 4);

	return bin < 0 ? 0 : bin >= IDLE_LIFE_BINS ? IDLE_LIFE_BINS - 1 : bin;
}

static double share(const struct block *block)
{
	double sum = block->warm + block->cold;

	return sum > 0 ? block->cold / sum : 0;
}

/* Pools neighbours until the share of cold rises with the gap. Returns the blocks. */
static int pool(const struct idle_life *life, struct block *blocks)
{
	int n = 0;

	for (int i = 0; i < IDLE_LIFE_BINS; i++) {
		const struct idle_life_bin *bin = &life->bins[i];

		if (bin->warm + bin->cold <= 0)
			continue;
		blocks[n++] = (struct block){bin->warm, bin->cold, i};
		while (n > 1 && share(&blocks[n - 2]) >= share(&blocks[n - 1])) {
			blocks[n - 2].warm += blocks[n - 1].warm;
			blocks[n - 2].cold += blocks[n - 1].cold;
			blocks[n - 2].last = blocks[n - 1].last;
			n--;
		}
	}
	return n;
}

/* The last bin that is safe, or -1. */
static int last_safe_bin(const struct idle_life *life)
{
	struct block blocks[IDLE_LIFE_BINS];
	int n = pool(life, blocks);
	int last = -1;

	for (int i = 0; i < n && share(&blocks[i]) <= COLD_SHARE_MAX; i++)
		last = blocks[i].last;
	return last;
}

void idle_life_init(struct idle_life *life)
{
	*life = (struct idle_life){.ping_s = IDLE_LIFE_PING_FIRST_S};
}

void idle_life_bracket(const struct idle_life *life, struct idle_life_bracket *out)
{
	struct idle_life_bracket b = {0};
	int safe = last_safe_bin(life);

	for (int i = safe + 1; i < IDLE_LIFE_BINS && b.cold_min_s <= 0; i++)
		if (life->bins[i].cold > 0)
			b.cold_min_s = life->bins[i].cold_min;
	/* In the bin where warm turns cold, warm gaps below the shortest cold one count.
	 */
	for (int i = 0; i < IDLE_LIFE_BINS; i++) {
		double warm = life->bins[i].warm > 0 ? life->bins[i].warm_max : 0;

		if ((i <= safe || (b.cold_min_s > 0 && warm < b.cold_min_s)) &&
		    warm > b.warm_max_s)
			b.warm_max_s = warm;
	}
	b.known =
	    b.cold_min_s > 0 && b.warm_max_s > 0 && b.cold_min_s <= 3 * b.warm_max_s;
	b.life_s = b.known            ? (b.warm_max_s + b.cold_min_s) / 2
		   : b.cold_min_s > 0 ? b.cold_min_s
				      : b.warm_max_s;
	*out = b;
}

static void forget_bin(struct idle_life_bin *bin)
{
	if (bin->cold < WEIGHT_GONE) {
		bin->cold = 0;
		bin->cold_min = 0;
	}
	if (bin->warm < WEIGHT_GONE) {
		bin->warm = 0;
		bin->warm_max = 0;
	}
}

/* Fades what speaks against a new observation: longer gaps that were warm against a cold
 * one, shorter gaps that were cold against a warm one. */
static void dispute(struct idle_life *life, double gap_s, bool cold)
{
	for (int i = 0; i < IDLE_LIFE_BINS; i++) {
		struct idle_life_bin *bin = &life->bins[i];

		if (cold && bin->warm > 0 && bin->warm_max > gap_s)
			bin->warm *= FADE_DISPUTE;
		if (!cold && bin->cold > 0 && bin->cold_min < gap_s)
			bin->cold *= FADE_DISPUTE;
		forget_bin(bin);
	}
}

static void count(struct idle_life *life, double gap_s, bool cold)
{
	struct idle_life_bin *bin = &life->bins[bin_of(gap_s)];

	if (cold) {
		bin->cold = fminf(bin->cold + 1, WEIGHT_MAX);
		if (bin->cold_min <= 0 || (float)gap_s < bin->cold_min)
			bin->cold_min = (float)gap_s;
	} else {
		bin->warm = fminf(bin->warm + 1, WEIGHT_MAX);
		bin->warm_max = fmaxf(bin->warm_max, (float)gap_s);
	}
	life->samples++;
}

/* A cold gap near or below the ping's: back to what is known to be safe, or a quarter of
 * the cold gap. Climbing from too low costs a few pings, from too high cold starts. */
static void fall(struct idle_life *life, const struct idle_life_bracket *b)
{
	life->ping_s = fmin(fmax(b->warm_max_s, b->cold_min_s / FALL_TO),
	    PING_OF_COLD_MIN * b->cold_min_s);
	life->warm_run = 0;
}

static void climb(struct idle_life *life, const struct idle_life_bracket *b, double gap_s)
{
	double next = life->ping_s * CLIMB_STEP;

	for (int i = 0; i < IDLE_LIFE_BINS; i++) {
		life->bins[i].cold *= FADE_PING;
		forget_bin(&life->bins[i]);
	}
	if (gap_s < life->ping_s * 0.9)
		return; /* it came early: nothing new is known */
	if (++life->warm_run < CLIMB_AFTER)
		return;
	life->warm_run = 0;
	if (b->cold_min_s <= 0 || next <= CLIMB_UNTIL * b->cold_min_s)
		life->ping_s = next;
}

void idle_life_observe(struct idle_life *life, double gap_s, bool cold, bool by_ping)
{
	struct idle_life_bracket b;

	if (!(gap_s >= GAP_MIN_S))
		return;
	dispute(life, gap_s, cold);
	count(life, gap_s, cold);
	idle_life_bracket(life, &b);
	if (b.cold_min_s > 0 && life->ping_s > PING_OF_COLD_MIN * b.cold_min_s)
		fall(life, &b);
	else if (!cold && by_ping)
		climb(life, &b, gap_s);
	/* real traffic has shown that longer gaps are safe */
	if (b.warm_max_s * PING_OF_COLD_MIN > life->ping_s &&
	    (b.cold_min_s <= 0 || b.warm_max_s <= b.cold_min_s))
		life->ping_s = b.warm_max_s * PING_OF_COLD_MIN;
	life->ping_s = idle_life_ping_s(life);
}

double idle_life_ping_s(const struct idle_life *life)
{
	return fmin(fmax(life->ping_s, IDLE_LIFE_PING_MIN_S), IDLE_LIFE_PING_MAX_S);
}

double idle_life_cold_share(const struct idle_life *life, double gap_s)
{
	struct block blocks[IDLE_LIFE_BINS];
	int n = pool(life, blocks);
	int bin = bin_of(fmax(gap_s, GAP_MIN_S));

	for (int i = 0; i < n; i++)
		if (bin <= blocks[i].last)
			return share(&blocks[i]);
	return n && share(&blocks[n - 1]) > 0 ? share(&blocks[n - 1]) : -1;
}
