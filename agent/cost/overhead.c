/* Counting costs about 60 ns for every run of every BPF program on the host, so it is
 * done for a moment now and then and extrapolated. */
#include "agent/cost/overhead.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/cost/run_time.h"
#include "agent/cost/stats_gate.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define MS 1000000ULL
#define FIRST_NS (1000 * MS) /* after the start */

/* How long counting lasts, and rests. */
struct rhythm {
	uint64_t count_ns;
	uint64_t rest_ns;
};
static const struct rhythm calm = {1000 * MS, 29000 * MS};
static const struct rhythm close_by = {250 * MS, 1750 * MS};

enum phase { RESTING, ASKED, COUNTING };

struct overhead {
	struct stats_gate gate;
	enum phase phase;
	double counting_ns; /* what counting adds to a run */
	unsigned int cpus;
	uint64_t rested_ns;  /* boot time since when it rests or counts */
	uint64_t sampled_ns; /* 0: it begins with the first turn */
	uint64_t cpu_ns;     /* of the process, at the sample */
	uint64_t aside_ns;   /* of it set aside, now */
	uint64_t sampled_aside_ns;
	uint64_t ring_bytes;
	uint64_t glanced_ns;
	uint64_t glanced_cpu_ns; /* without what was set aside */
	struct run_time began;
	struct overhead_cost cost;
};

static uint64_t process_cpu_ns(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* The second number of statm, in pages; 0: not known. */
static uint64_t resident_bytes(void)
{
	AUTO(file) FILE *f = fopen("/proc/self/statm", "re");
	char line[128];
	char *at;

	if (!f || !fgets(line, sizeof(line), f))
		return 0;
	(void)strtoull(line, &at, 10);
	return strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

int overhead_open(struct overhead **out)
{
	struct overhead *o = calloc(1, sizeof(*o));
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (!o)
		return -ENOMEM;
	o->cpus = cpus > 0 ? (unsigned int)cpus : 1;
	o->counting_ns = run_time_of_counting();
	if (stats_gate_open(&o->gate) < 0)
		log_warn("what the probes cost cannot be measured: no process for it");
	*out = o;
	return 0;
}

void overhead_close(struct overhead *o)
{
	if (!o)
		return;
	stats_gate_close(&o->gate);
	free(o);
}

static bool read_probes(const struct probes *probes, struct run_time *sum)
{
	*sum = (struct run_time){0};
	return probes_run_time(probes, sum) == 0;
}

/* Without the kernel's count only the process is measured, from now on. */
static void give_up(struct overhead *o)
{
	log_warn("what the probes cost cannot be measured: the kernel does not count it "
		 "(CAP_SYS_ADMIN and Linux 5.8 are needed)");
	stats_gate_close(&o->gate);
	o->phase = RESTING;
}

static void take_process(struct overhead *o, uint64_t now_ns)
{
	uint64_t cpu_ns = process_cpu_ns();
	uint64_t wall_ns = now_ns - o->sampled_ns;

	if (wall_ns == 0)
		return;
	o->cost.known = true;
	o->cost.agent_share =
	    (double)(cpu_ns - o->cpu_ns) / ((double)wall_ns * (double)o->cpus);
	o->cost.aside_share = (double)(o->aside_ns - o->sampled_aside_ns) /
			      ((double)wall_ns * (double)o->cpus);
	o->cpu_ns = cpu_ns;
	o->sampled_aside_ns = o->aside_ns;
	o->sampled_ns = now_ns;
}

/* Ends the count. What it showed stands for the time since the sample before. */
static void take_sample(struct overhead *o, const struct probes *probes, uint64_t now_ns)
{
	uint64_t stretch_ns = now_ns - o->sampled_ns;
	struct run_time now;

	if (read_probes(probes, &now)) {
		struct run_time runs = {
		    .ns = now.ns - o->began.ns, .runs = now.runs - o->began.runs};
		double share =
		    run_time_share(&runs, o->counting_ns, now_ns - o->rested_ns, o->cpus);

		o->cost.probes_known = true;
		o->cost.probes_share = share;
		o->cost.probes_cpu_ns +=
		    (uint64_t)(share * (double)stretch_ns * (double)o->cpus);
	}
	take_process(o, now_ns);
	if (stats_gate_ask(&o->gate, false) < 0)
		give_up(o);
	o->phase = RESTING;
	o->rested_ns = now_ns;
}

static void begin_count(struct overhead *o, const struct probes *probes, uint64_t now_ns)
{
	int counts = stats_gate_counts(&o->gate);

	if (counts < 0 || (counts > 0 && !read_probes(probes, &o->began))) {
		give_up(o);
	} else if (counts > 0) {
		o->phase = COUNTING;
		o->rested_ns = now_ns;
	}
}

bool overhead_turn(
    struct overhead *o, const struct probes *probes, uint64_t now_ns, bool closely)
{
	const struct rhythm *rhythm = closely ? &close_by : &calm;
	uint64_t rest_ns = o->cost.known ? rhythm->rest_ns : FIRST_NS;
	uint64_t since_ns;

	if (o->sampled_ns == 0) { /* loading the probes is no cost of watching */
		o->ring_bytes = probes_ring_bytes(probes);
		o->rested_ns = o->sampled_ns = now_ns;
		o->cpu_ns = process_cpu_ns();
		o->sampled_aside_ns = o->aside_ns;
	}
	since_ns = now_ns - o->rested_ns;
	switch (o->phase) {
	case RESTING:
		if (since_ns < rest_ns)
			return false;
		if (o->gate.fd < 0) {
			take_process(o, now_ns);
			o->rested_ns = now_ns;
			return true;
		}
		if (stats_gate_ask(&o->gate, true) < 0)
			give_up(o);
		else
			o->phase = ASKED;
		return false;
	case ASKED:
		begin_count(o, probes, now_ns);
		return false;
	case COUNTING:
		if (since_ns < rhythm->count_ns)
			return false;
		take_sample(o, probes, now_ns);
		return true;
	}
	return false;
}

double overhead_judged(const struct overhead_cost *cost)
{
	double share = cost->agent_share + cost->probes_share - cost->aside_share;

	return share > 0 ? share : 0;
}

void overhead_set_aside(struct overhead *o, uint64_t cpu_ns)
{
	o->aside_ns = cpu_ns;
}

double overhead_glance(struct overhead *o, uint64_t now_ns)
{
	uint64_t cpu_ns = process_cpu_ns() - o->aside_ns;
	uint64_t wall_ns = now_ns - o->glanced_ns;
	double share = 0;

	if (o->glanced_ns && wall_ns && cpu_ns > o->glanced_cpu_ns)
		share = (double)(cpu_ns - o->glanced_cpu_ns) /
			((double)wall_ns * (double)o->cpus);
	o->glanced_ns = now_ns;
	o->glanced_cpu_ns = cpu_ns;
	return share;
}

struct overhead_cost overhead_cost(const struct overhead *o)
{
	struct overhead_cost cost = o->cost;

	cost.agent_cpu_ns = process_cpu_ns();
	cost.resident_bytes = resident_bytes();
	if (cost.resident_bytes > o->ring_bytes)
		cost.resident_bytes -= o->ring_bytes;
	return cost;
}
