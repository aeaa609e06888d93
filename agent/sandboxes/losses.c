/* What the kernel lost, for whose function. */
#include "agent/sandboxes/known.h"

void sandboxes_on_loss(struct sandboxes *s, sandboxes_lose lose)
{
	s->lose = lose;
}

void sandboxes_tell_losses(
    struct sandboxes *s, struct known *k, uint64_t lost, uint64_t shed)
{
	if (!s->lose || k->is_part)
		return;
	if (lost > k->lost)
		s->lose(s->context, &k->function, LOST_RING_FULL, lost - k->lost);
	if (shed > k->shed)
		s->lose(s->context, &k->function, LOST_SHED, shed - k->shed);
	k->lost = lost;
	k->shed = shed;
}

void sandboxes_read_losses(struct sandboxes *s, sandboxes_read read, void *context)
{
	for (struct known *k = s->oldest; k; k = k->newer) {
		uint64_t lost;
		uint64_t shed;

		if (read(context, k->id, &lost, &shed) == 0)
			sandboxes_tell_losses(s, k, lost, shed);
	}
}

size_t sandboxes_read_ends(struct sandboxes *s, sandboxes_read_end read, void *context)
{
	struct known *newer;
	size_t waiting = 0;

	for (struct known *k = s->oldest; k; k = newer) {
		struct record_end end = {.sandbox = k->id};

		newer = k->newer;
		if (k->end_ns) {
			sandboxes_drop(s, k->id, k->end_ns);
		} else if (read(context, &end) == 0) {
			sandboxes_tell_losses(s, k, end.lost, end.shed);
			k->end_ns = end.end_ns;
			waiting++;
		}
	}
	return waiting;
}
