/* A mutex that serves in order of arrival, so that a busy writer starves nobody. */
#ifndef COLDMETER_STORE_SQLITE_GATE_H
#define COLDMETER_STORE_SQLITE_GATE_H

#include <pthread.h>
#include <stdint.h>

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t turn;
	uint64_t next;
	uint64_t serving;
};

void gate_init(struct gate *gate);
void gate_done(struct gate *gate);
void gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);

#endif
