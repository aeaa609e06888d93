#include "store/sqlite/gate.h"

void gate_init(struct gate *gate)
{
	*gate = (struct gate){0};
	(void)pthread_mutex_init(
	    &gate->mutex, NULL); /* cannot fail with default attributes */
	(void)pthread_cond_init(&gate->turn, NULL);
}

void gate_done(struct gate *gate)
{
	(void)pthread_cond_destroy(&gate->turn);
	(void)pthread_mutex_destroy(&gate->mutex);
}

void gate_enter(struct gate *gate)
{
	uint64_t ticket;

	(void)pthread_mutex_lock(&gate->mutex);
	ticket = gate->next++;
	while (gate->serving != ticket)
		(void)pthread_cond_wait(&gate->turn, &gate->mutex);
	(void)pthread_mutex_unlock(&gate->mutex);
}

void gate_leave(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->mutex);
	gate->serving++;
	(void)pthread_cond_broadcast(&gate->turn);
	(void)pthread_mutex_unlock(&gate->mutex);
}
