/* What a system call costs on this host, measured. */
#ifndef COLDMETER_AGENT_PROBES_CALL_COST_H
#define COLDMETER_AGENT_PROBES_CALL_COST_H

/* Nanoseconds of the cheapest system call, the median of rounds; about 5 ms. */
double call_cost_ns(void);

#endif
