#include "alerts/keepwarm.h"

#include <stdio.h>
#include <stdlib.h>

#include "alerts/message.h"
#include "base/clock.h"

#define PING_OF_LIFE 0.85 /* of an idle life that the user states */
#define PING_MIN_S 1.0
#define IDLE_AFTER_NS (24LL * 3600 * CLOCK_NS_PER_S)
#define UNSEEN_MAX 3 /* the news of two may be under way */
#define WARM_ENOUGH                                                                      \
	10 /* observations without a cold one: no end of the life in sight               \
	    */

const char *keepwarm_state_name(enum keepwarm_state state)
{
	switch (state) {
	case KEEPWARM_OFF:
		return "off";
	case KEEPWARM_LEARNING:
		return "learning";
	case KEEPWARM_WARMING:
		return "warming";
	case KEEPWARM_IDLE:
		return "idle";
	case KEEPWARM_PAUSED_BUDGET:
		return "paused_budget";
	}
	return "unknown";
}

void keepwarm_done(struct keepwarm *keepwarm)
{
	free(keepwarm->url);
	free(keepwarm->body);
	keepwarm->url = NULL;
	keepwarm->body = NULL;
}

double keepwarm_ping_s(const struct keepwarm *keepwarm, const struct track *track)
{
	double stated = keepwarm->idle_life_s * PING_OF_LIFE;

	if (keepwarm->idle_life_s > 0)
		return stated < PING_MIN_S ? PING_MIN_S : stated;
	return track ? idle_life_ping_s(&track->life) : IDLE_LIFE_PING_FIRST_S;
}

static bool is_learned(const struct keepwarm *keepwarm, const struct track *track)
{
	struct idle_life_bracket bracket;

	if (keepwarm->idle_life_s > 0)
		return true;
	if (!track)
		return false;
	idle_life_bracket(&track->life, &bracket);
	return bracket.known ||
	       (bracket.cold_min_s <= 0 && track->life.samples >= WARM_ENOUGH);
}

static enum keepwarm_state state_of(
    const struct keepwarm *keepwarm, const struct track *track, int64_t now_ns)
{
	int64_t called_ns = track ? track->real_end_ns : 0;

	if (called_ns < keepwarm->since_ns)
		called_ns = keepwarm->since_ns;
	if (now_ns - called_ns > IDLE_AFTER_NS)
		return KEEPWARM_IDLE;
	return is_learned(keepwarm, track) ? KEEPWARM_WARMING : KEEPWARM_LEARNING;
}

void keepwarm_decide(const struct keepwarm *keepwarm, const struct track *track,
    int64_t last_ping_ns, bool over_budget, int64_t now_ns, struct keepwarm_decision *out)
{
	int64_t active_ns = track ? track->end_ns : 0;

	*out = (struct keepwarm_decision){.state = KEEPWARM_OFF};
	if (!keepwarm->enabled || !keepwarm->url)
		return;
	if (over_budget) {
		out->state = KEEPWARM_PAUSED_BUDGET;
		return;
	}
	out->state = state_of(keepwarm, track, now_ns);
	if (active_ns < last_ping_ns)
		active_ns = last_ping_ns;
	if (active_ns > now_ns) /* another host's clock is ahead */
		active_ns = now_ns;
	out->next_ns =
	    active_ns
		? active_ns + (int64_t)(keepwarm_ping_s(keepwarm, track) * CLOCK_NS_PER_S)
		: now_ns;
}

bool keepwarm_explain(const struct track *track, uint64_t pings, struct money cost,
    struct money saved, char *out)
{
	char spent[MESSAGE_MONEY_BYTES];
	char spared[MESSAGE_MONEY_BYTES];
	unsigned long long avoided = track ? track->counts.cold_avoided : 0;
	double waited_s =
	    track ? (double)track_init_mean_ns(track) / CLOCK_NS_PER_S * (double)avoided
		  : 0;
	bool pays = money_compare(saved, cost) > 0;

	message_money(cost, spent);
	message_money(saved, spared);
	if (!pings)
		(void)snprintf(out, KEEPWARM_WHY_BYTES, "No ping has been sent yet.");
	else if (!avoided)
		(void)snprintf(out, KEEPWARM_WHY_BYTES,
		    "Pings cost %s and no request has found a sandbox that they kept, so "
		    "far.",
		    spent);
	else
		(void)snprintf(out, KEEPWARM_WHY_BYTES,
		    "Pings cost %s and spared %llu cold starts: %s of billed init and "
		    "%.1f "
		    "s of waiting; %s.",
		    spent, avoided, spared, waited_s,
		    pays ? "it pays in money alone"
			 : "it pays only if that time is worth more than the difference");
	return pays && pings;
}

bool keepwarm_trouble(const struct keepwarm *keepwarm, uint64_t unseen,
    const struct ping_result *last, char *out)
{
	char status[40] = "not answered yet";

	if (!keepwarm->enabled)
		return false;
	if (last && last->error[0]) {
		(void)snprintf(
		    out, KEEPWARM_WHY_BYTES, "The last ping failed: %s.", last->error);
		return true;
	}
	if (unseen < UNSEEN_MAX)
		return false;
	if (last)
		(void)snprintf(
		    status, sizeof(status), "answered with HTTP %ld", last->status);
	(void)snprintf(out, KEEPWARM_WHY_BYTES,
	    "None of the last %llu pings was seen at the function, the last one was %s: "
	    "is "
	    "that its address, does it want %s, and does an agent watch it?",
	    (unsigned long long)unseen, status, keepwarm->post ? "POST" : "GET");
	return true;
}
