/* A platform with a fixed idle life, real requests at random times, and pings where the
 * learner wants them: what is learned, how fast, and what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "alerts/keepwarm/idle_life.h"

struct world {
	struct idle_life life;
	double idle_life_s;
	double now_s;
	double last_s; /* end of the last activity */
	double next_real_s;
	double mean_gap_s;
	uint64_t random;
	int real_cold;
	int ping_cold;
	int pings;
	int real;
};

static double uniform(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) / 9007199254740992.0;
}

static double next_gap(struct world *w) /* Poisson arrivals */
{
	return -log(1 - uniform(w)) * w->mean_gap_s;
}

static struct world new_world(double idle_life_s, double mean_gap_s, uint64_t seed)
{
	struct world w = {.idle_life_s = idle_life_s,
	    .mean_gap_s = mean_gap_s,
	    .random = seed * 0x9e3779b97f4a7c15 | 1};

	idle_life_init(&w.life);
	w.next_real_s = next_gap(&w);
	return w;
}

/* One activity: a real request, or a ping when that is due earlier. */
static void advance(struct world *w, bool pinging)
{
	double ping_s = w->last_s + idle_life_ping_s(&w->life);
	bool by_ping = pinging && ping_s < w->next_real_s;
	double at_s = by_ping ? ping_s : w->next_real_s;
	bool cold = at_s - w->last_s > w->idle_life_s;

	idle_life_observe(&w->life, at_s - w->last_s, cold, by_ping);
	w->pings += by_ping;
	w->ping_cold += by_ping && cold;
	w->real += !by_ping;
	w->real_cold += !by_ping && cold;
	if (!by_ping)
		w->next_real_s = at_s + next_gap(w);
	w->now_s = w->last_s = at_s;
}

static void run_until(struct world *w, double until_s, bool pinging)
{
	while (w->now_s < until_s)
		advance(w, pinging);
}

static void forget_counts(struct world *w)
{
	w->real = w->real_cold = w->pings = w->ping_cold = 0;
}

/* The demo: an idle life of 20 s and a request every half minute or so. */
static void test_a_short_idle_life_is_learned_within_three_cold_starts(void **state)
{
	double worst_s = 0;
	int waited = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		struct world w = new_world(20, 30, seed);

		while (idle_life_ping_s(&w.life) >= 20)
			advance(&w, true);
		assert_true(w.real_cold + w.ping_cold <= 3);
		worst_s = w.now_s > worst_s ? w.now_s : worst_s;
		forget_counts(&w);
		/* five minutes: at most one step too far, and then back */
		run_until(&w, w.now_s + 300, true);
		assert_true(w.ping_cold + w.real_cold <= 1);
		waited += w.real_cold;
	}
	assert_true(worst_s < 400);
	assert_true(waited <= 25);
}

static void test_pings_keep_clear_of_the_shortest_cold_gap(void **state)
{
	struct idle_life life;
	struct idle_life_bracket bracket;

	(void)state;
	idle_life_init(&life);
	for (int i = 0; i < 4; i++) {
		idle_life_observe(&life, 40, true, false);
		idle_life_observe(&life, 21, true, false);
		idle_life_observe(&life, 12, false, false);
		idle_life_observe(&life, 19, false, false);
	}
	idle_life_bracket(&life, &bracket);
	assert_true(fabs(bracket.cold_min_s - 21) < 0.01);
	assert_true(fabs(bracket.warm_max_s - 19) < 0.01);
	assert_true(bracket.known);
	assert_true(fabs(bracket.life_s - 20) < 0.01);
	assert_true(idle_life_ping_s(&life) <= 17);
	assert_true(idle_life_ping_s(&life) >= 10);
}

static void test_nothing_known_pings_every_five_minutes(void **state)
{
	struct idle_life life;
	struct idle_life_bracket bracket;

	(void)state;
	idle_life_init(&life);
	idle_life_bracket(&life, &bracket);
	assert_true(idle_life_ping_s(&life) == IDLE_LIFE_PING_FIRST_S);
	assert_true(bracket.life_s == 0);
	assert_false(bracket.known);
	assert_true(idle_life_cold_share(&life, 100) < 0);
	idle_life_observe(&life, 0.5, true, false); /* says nothing */
	idle_life_observe(&life, -3, true, false);
	idle_life_observe(&life, NAN, true, false);
	assert_int_equal(life.samples, 0);
}

static void test_without_requests_pings_alone_find_a_short_life(void **state)
{
	struct world w = new_world(20, 1e9, 7);

	(void)state;
	run_until(&w, 900, true);
	assert_true(idle_life_ping_s(&w.life) < 20);
	assert_true(w.ping_cold <= 6);
}

static void test_warm_pings_climb_slowly_towards_a_long_life(void **state)
{
	struct world w = new_world(1800, 1e9, 3);

	(void)state;
	run_until(&w, 3600, true);
	assert_true(idle_life_ping_s(&w.life) < 600); /* an hour in: still careful */
	run_until(&w, 48 * 3600.0, true);
	assert_true(idle_life_ping_s(&w.life) > 900);
	assert_true(idle_life_ping_s(&w.life) < 1800);
	assert_true(w.ping_cold <= 3);
}

static void test_real_requests_show_longer_gaps_to_be_safe(void **state)
{
	struct world w = new_world(3000, 900, 11);

	(void)state;
	run_until(&w, 24 * 3600.0, false);
	assert_true(idle_life_ping_s(&w.life) > 1200);
	assert_true(idle_life_ping_s(&w.life) < 3000);
}

static void test_a_shorter_life_is_noticed_in_a_few_cold_starts(void **state)
{
	struct world w = new_world(600, 200, 5);

	(void)state;
	run_until(&w, 24 * 3600.0, true);
	forget_counts(&w);
	w.idle_life_s = 60;
	while (idle_life_ping_s(&w.life) >= 60 && w.ping_cold + w.real_cold < 40)
		advance(&w, true);
	assert_true(w.ping_cold + w.real_cold <= 12);
}

static void test_a_longer_life_is_found_again(void **state)
{
	struct world w = new_world(20, 60, 9);

	(void)state;
	run_until(&w, 3600, true);
	assert_true(idle_life_ping_s(&w.life) < 20);
	w.idle_life_s = 200;
	run_until(&w, 24 * 3600.0, true);
	assert_true(idle_life_ping_s(&w.life) > 40);
}

static void test_one_odd_cold_start_does_not_overturn_a_long_history(void **state)
{
	struct idle_life life;
	double before;

	(void)state;
	idle_life_init(&life);
	for (int i = 0; i < 60; i++)
		idle_life_observe(&life, 100 + i % 7, false, false);
	before = idle_life_ping_s(&life);
	idle_life_observe(&life, 30, true, false);
	assert_true(idle_life_ping_s(&life) >= before);
}

static void test_the_cold_share_rises_with_the_gap(void **state)
{
	struct world w = new_world(90, 80, 21);
	double last = 0;

	(void)state;
	run_until(&w, 12 * 3600.0, false);
	for (int i = 0; i < 60; i++) {
		double share = idle_life_cold_share(&w.life, exp2(i / 5.0));

		assert_true(share >= last);
		last = share;
	}
	assert_true(idle_life_cold_share(&w.life, 30) < 0.05);
	assert_true(idle_life_cold_share(&w.life, 300) > 0.95);
}

static void test_pings_stay_within_their_bounds(void **state)
{
	struct idle_life life;

	(void)state;
	idle_life_init(&life);
	for (int i = 0; i < 20; i++)
		idle_life_observe(&life, 1.5, true, true);
	assert_true(idle_life_ping_s(&life) >= IDLE_LIFE_PING_MIN_S);
	idle_life_init(&life);
	for (int i = 0; i < 500; i++)
		idle_life_observe(&life, 1e7, false, true);
	assert_true(idle_life_ping_s(&life) <= IDLE_LIFE_PING_MAX_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_short_idle_life_is_learned_within_three_cold_starts),
	    cmocka_unit_test(test_pings_keep_clear_of_the_shortest_cold_gap),
	    cmocka_unit_test(test_nothing_known_pings_every_five_minutes),
	    cmocka_unit_test(test_without_requests_pings_alone_find_a_short_life),
	    cmocka_unit_test(test_warm_pings_climb_slowly_towards_a_long_life),
	    cmocka_unit_test(test_real_requests_show_longer_gaps_to_be_safe),
	    cmocka_unit_test(test_a_shorter_life_is_noticed_in_a_few_cold_starts),
	    cmocka_unit_test(test_a_longer_life_is_found_again),
	    cmocka_unit_test(test_one_odd_cold_start_does_not_overturn_a_long_history),
	    cmocka_unit_test(test_the_cold_share_rises_with_the_gap),
	    cmocka_unit_test(test_pings_stay_within_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
