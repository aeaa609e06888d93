#include "agent/sandboxes/cause.h"

/* The shortest life without work that a platform gives by default: Knative looks at 60 s
 * (knative.dev/docs/serving/autoscaling/kpa-specific, stable-window). What ends earlier
 * may have been ended by somebody. */
#define IDLE_LIFE_NS 60000000000ULL

static struct cause after_its_end(const struct cause_history *h)
{
	switch (h->last_end) {
	case STATUS_TIMEOUT: /* told by the event's deadline, not by who killed it */
		return (struct cause){CAUSE_TIMEOUT, CERTAINTY_LIKELY};
	case STATUS_OOM: /* the kernel named its victim */
		return (struct cause){CAUSE_OOM, CERTAINTY_CERTAIN};
	case STATUS_CRASH:
	case STATUS_INIT_ERROR: /* it ended by itself, with that exit status */
		return (struct cause){CAUSE_CRASH, CERTAINTY_CERTAIN};
	case STATUS_OK:
	case STATUS_ERROR:
	case STATUS_ABORTED:
	case STATUS_COUNT:
		break;
	}
	return (struct cause){CAUSE_IDLE_REAP,
	    h->last_idle_ns >= IDLE_LIFE_NS ? CERTAINTY_LIKELY : CERTAINTY_GUESS};
}

struct cause cause_of(const struct cause_history *h)
{
	if (!h->was_seen && h->was_other_seen)
		return (struct cause){CAUSE_DEPLOY, CERTAINTY_CERTAIN};
	if (!h->was_seen) /* the agent may have come later than the function */
		return (struct cause){CAUSE_FIRST, CERTAINTY_LIKELY};
	if (h->is_changed)
		return (struct cause){CAUSE_DEPLOY, CERTAINTY_LIKELY};
	if (h->alive > 0) /* whether all of them were busy is not known */
		return (struct cause){CAUSE_SCALE_OUT, CERTAINTY_LIKELY};
	return after_its_end(h);
}
