#include "agent/cost/shedding.h"

#define OVER_MAX 2 /* one sample may be a burst */
#define LOW 0.5    /* of the limit: what a step saves must not bring it above again */
#define PATIENCE 5
#define PATIENCE_MAX 160
#define RETURNS_NS 600000000000ULL /* 10 minutes */

struct shedding shedding_start(double max, enum record_shed least)
{
	return (struct shedding){
	    .max = max, .least = least, .step = least, .patience = PATIENCE};
}

static int shed_more(struct shedding *s, uint64_t now_ns)
{
	bool returns = s->taken_back_ns != 0 && now_ns - s->taken_back_ns < RETURNS_NS;

	if (s->step == SHED_ALL || ++s->over < OVER_MAX)
		return 0;
	s->over = 0;
	s->step++;
	if (!returns)
		s->patience = PATIENCE;
	else if (s->patience < PATIENCE_MAX)
		s->patience *= 2;
	s->taken_back_ns = 0; /* told once */
	return 1;
}

static int take_back(struct shedding *s, uint64_t now_ns)
{
	if (s->step == s->least || ++s->low < s->patience)
		return 0;
	s->low = 0;
	s->step--;
	s->taken_back_ns = now_ns;
	return -1;
}

int shedding_judge(struct shedding *s, double share, uint64_t now_ns)
{
	s->is_over = share > s->max;
	s->is_low = share < s->max * LOW;
	if (!s->is_over)
		s->over = 0;
	if (!s->is_low)
		s->low = 0;
	if (s->is_over)
		return shed_more(s, now_ns);
	return s->is_low ? take_back(s, now_ns) : 0;
}

bool shedding_is_undecided(const struct shedding *s)
{
	return (s->is_over && s->step != SHED_ALL) || (s->is_low && s->step != s->least);
}

const char *shedding_name(enum record_shed step)
{
	static const char *const names[] = {
	    [SHED_NOTHING] = "nothing",
	    [SHED_THREADS] = "CPU time of threads other than the one that answers",
	    [SHED_DRAIN] = "reading the ring at once",
	    [SHED_MOST] = "the records of 7 of 8 warm invocations that went well",
	    [SHED_ALL] = "the records of warm invocations that went well",
	};

	return names[step];
}
