#include "agent/probes/inside.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/names/foreign.h"
#include "agent/probes/call_cost.h"
#include "agent/probes/kernel.h"
#include "agent/probes/refusals.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define STOP_US 2000 /* a probe that runs while it is detached has ended by then */

static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int on_record(void *context, void *record, size_t bytes)
{
	struct probes *probes = context;

	probes->visit(probes->context, record, bytes);
	return 0;
}

/* The consumer's position is at the start of the ring's first page, the producer's at the
 * start of the second: what libbpf's ringbuf.c maps. libbpf 1.1 does not hand them out.
 */
static size_t position_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void map_positions(struct probes *probes)
{
	void *pages = mmap(NULL, 2 * position_bytes(), PROT_READ, MAP_SHARED,
	    bpf_map__fd(probes->skeleton->maps.records), 0);

	probes->positions = pages == MAP_FAILED ? NULL : pages;
}

static void note_fill(struct probes *probes)
{
	const uint64_t *consumer = probes->positions;
	uint64_t fill;

	if (!consumer)
		return;
	fill = __atomic_load_n(
		   consumer + position_bytes() / sizeof(*consumer), __ATOMIC_ACQUIRE) -
	       __atomic_load_n(consumer, __ATOMIC_ACQUIRE);
	if (fill > probes->ring_most_bytes)
		probes->ring_most_bytes = fill;
}

/* The clock of each CPU, 99 times a second: not in step with what runs every 10 ms. */
static int attach_samples(struct probes *probes, char *why)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_SW_CPU_CLOCK,
	    .freq = 1,
	    .sample_freq = 99};
	int attached = 0;

	for (int cpu = 0; cpu < probes->cpus && cpu < SAMPLED_CPUS_MAX; cpu++) {
		int fd = (int)syscall(
		    SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0) /* one that is offline */
			continue;
		probes->samples[cpu] =
		    bpf_program__attach_perf_event(probes->skeleton->progs.on_sample, fd);
		if (!probes->samples[cpu]) {
			(void)close(fd);
			continue;
		}
		attached++;
	}
	return attached > 0
		   ? 0
		   : refusals_say(why, -ENOTSUP, "cannot sample any CPU's clock");
}

/* Not every kernel takes programs at its functions. */
static void attach_unix_close(struct meter_bpf *skeleton)
{
	struct bpf_program *program = skeleton->progs.on_unix_close;

	if (!bpf_program__autoload(program))
		return;
	skeleton->links.on_unix_close = bpf_program__attach(program);
	skeleton->bss->unix_closes_told = skeleton->links.on_unix_close != NULL;
}

/* Whether CPUs that run one task have no tick: then the clocks of a run queue stand for a
 * second (the kernel's Documentation/timers/no_hz.rst). */
static bool tick_stops(void)
{
	AUTO(file) FILE *list = fopen("/sys/devices/system/cpu/nohz_full", "re");
	int first = list ? fgetc(list) : EOF;

	return first >= '0' && first <= '9';
}

/* Between open and load. deep: function whose inits are sampled, or NULL. */
static void set_up(struct probes *probes, const char *deep)
{
	struct meter_bpf *skeleton = probes->skeleton;

	skeleton->rodata->tick_ns = clock_tick_ns();
	skeleton->rodata->uncounted_max_ns =
	    tick_stops() ? CLOCK_NS_PER_S : clock_tick_ns();
	if (probes->cpus > 2)
		skeleton->rodata->summed_cpus = (uint32_t)probes->cpus;
	(void)bpf_program__set_autoload(skeleton->progs.on_sample, deep != NULL);
	if (deep)
		(void)text_copy(
		    (char *)skeleton->rodata->deep_function, DEEP_NAME_BYTES, deep);
}

/* Loads and attaches by one back-end. On failure why says what failed. */
static int start(struct probes *probes, const struct probes_wanted *wanted,
    enum backend backend, const struct btf *kernel, char *why)
{
	double before_ns = 0;
	int err;

	probes->backend = backend;
	probes->cpus = libbpf_num_possible_cpus();
	if (probes->cpus <= 0)
		return refusals_say(why, -EINVAL, "cannot tell the number of CPUs");
	probes->skeleton = meter_bpf__open();
	if (!probes->skeleton)
		return refusals_say(why, -errno, "cannot open the probes");
	set_up(probes, wanted->deep);
	backend_select(backend, kernel, probes->skeleton);
	err = meter_bpf__load(probes->skeleton);
	if (err)
		return refusals_say(why, err, "the kernel refused the probes");
	err = tables_map(probes);
	if (err)
		return refusals_say(why, err, "cannot map the tables");
	probes->ring = ring_buffer__new(
	    bpf_map__fd(probes->skeleton->maps.records), on_record, probes, NULL);
	if (!probes->ring)
		return refusals_say(why, -errno, "cannot open the ring buffer");
	map_positions(probes);
	if (backend == BACKEND_SYSCALLS)
		before_ns = call_cost_ns();
	err = meter_bpf__attach(probes->skeleton);
	if (err)
		return refusals_say(why, err, "cannot attach the probes");
	attach_unix_close(probes->skeleton);
	if (backend == BACKEND_SYSCALLS)
		probes->call_cost_ns = call_cost_ns() - before_ns;
	return wanted->deep ? attach_samples(probes, why) : 0;
}

static int try_backend(const struct probes_wanted *wanted, enum backend backend,
    const struct btf *kernel, struct probes **out, struct refusals *refusals)
{
	const char *missing = backend_missing(backend, kernel);
	char *why = refusals->why[backend];
	struct probes *probes;
	int err;

	if (missing) {
		(void)snprintf(why, REFUSAL_BYTES, "this kernel lacks %s", missing);
		return -ENOTSUP;
	}
	probes = calloc(1, sizeof(*probes));
	if (!probes)
		return refusals_say(why, -ENOMEM, "cannot begin");
	err = start(probes, wanted, backend, kernel, why);
	if (err)
		probes_close(probes);
	else
		*out = probes;
	return err;
}

/* Loading and attaching is the only proof that counts. */
static int try_backends(const struct probes_wanted *wanted, const struct btf *kernel,
    struct probes **out, struct refusals *refusals)
{
	int err = -ENOTSUP;

	for (enum backend b = 0; err && b < BACKENDS; b++) {
		if (wanted->backend == BACKEND_AUTO || wanted->backend == b)
			err = try_backend(wanted, b, kernel, out, refusals);
	}
	return err;
}

int probes_open(const struct probes_wanted *wanted, struct probes **out)
{
	struct refusals refusals = {0};
	char list[REFUSALS_BYTES];
	struct btf *kernel = NULL;
	int err;

	(void)libbpf_set_print(say_nothing);
	err = kernel_open(&kernel);
	if (!err) {
		err = try_backends(wanted, kernel, out, &refusals);
		(void)refusals_list(&refusals, list);
		if (err)
			(void)log_error(0, "no way to measure works here: %s", list);
		else if (list[0])
			log_debug("back-ends that do not work here: %s", list);
	}
	btf__free(kernel);
	return err;
}

enum backend probes_backend(const struct probes *probes)
{
	return probes->backend;
}

double probes_call_cost_ns(const struct probes *probes)
{
	return probes->call_cost_ns;
}

static void stop_samples(struct probes *probes)
{
	for (int cpu = 0; cpu < SAMPLED_CPUS_MAX; cpu++) {
		bpf_link__destroy(probes->samples[cpu]);
		probes->samples[cpu] = NULL;
	}
}

void probes_stop(struct probes *probes, void (*meanwhile)(void *context), void *context)
{
	const struct bpf_object_skeleton *all = probes->skeleton->skeleton;

	stop_samples(probes);
	for (int i = 0; i < all->prog_cnt; i++) {
		struct bpf_link **link = all->progs[i].link;

		if (!*link)
			continue;
		(void)bpf_link__destroy(*link);
		*link = NULL;
		meanwhile(context);
	}
	(void)usleep(STOP_US);
}

void probes_close(struct probes *probes)
{
	if (!probes)
		return;
	stop_samples(probes);
	ring_buffer__free(probes->ring);
	tables_unmap(probes);
	if (probes->positions)
		(void)munmap(probes->positions, 2 * position_bytes());
	meter_bpf__destroy(probes->skeleton);
	free(probes);
}

int probes_drain(struct probes *probes, probes_visit visit, void *context)
{
	probes->visit = visit;
	probes->context = context;
	note_fill(probes);
	return ring_buffer__consume(probes->ring);
}

uint64_t probes_ring_bytes(const struct probes *probes)
{
	return bpf_map__max_entries(probes->skeleton->maps.records);
}

bool probes_ring_most(
    const struct probes *probes, uint64_t *most_bytes, uint64_t *ring_bytes)
{
	if (!probes->positions)
		return false;
	*most_bytes = probes->ring_most_bytes;
	*ring_bytes = probes_ring_bytes(probes);
	return true;
}

void probes_counts(struct probes *probes, uint64_t counts[RECORD_COUNTS])
{
	AUTO(free) uint64_t *each = calloc((size_t)probes->cpus, sizeof(*each));
	int fd = bpf_map__fd(probes->skeleton->maps.counts);

	for (uint32_t i = 0; i < RECORD_COUNTS; i++) {
		counts[i] = 0;
		if (!each || bpf_map_lookup_elem(fd, &i, each) < 0)
			continue;
		for (int cpu = 0; cpu < probes->cpus; cpu++)
			counts[i] += each[cpu];
	}
}

int probes_run_time(const struct probes *probes, struct run_time *sum)
{
	struct bpf_program *program;
	int err = 0;

	bpf_object__for_each_program(program, probes->skeleton->obj)
	{
		if (!err && bpf_program__fd(program) >= 0)
			err = run_time_add(bpf_program__fd(program), sum);
	}
	return err;
}

void probes_set_clock(struct probes *probes, int64_t boot_to_wall_ns)
{
	__atomic_store_n(
	    &probes->skeleton->bss->boot_to_wall_ns, boot_to_wall_ns, __ATOMIC_RELAXED);
}

void probes_want_targets(struct probes *probes, bool want)
{
	__atomic_store_n(&probes->skeleton->bss->want_targets, want, __ATOMIC_RELAXED);
}

void probes_set_shed(struct probes *probes, enum record_shed step)
{
	__atomic_store_n(&probes->skeleton->bss->shed_step, step, __ATOMIC_RELAXED);
}

/* Tries the probes for a moment and says by which back-end they work. */
static int check_probes(const struct probes_wanted *wanted, const struct btf *kernel)
{
	struct refusals refusals = {0};
	char list[REFUSALS_BYTES];
	struct probes *probes = NULL;
	int err = try_backends(wanted, kernel, &probes, &refusals);
	const char *others = refusals_list(&refusals, list);

	if (err || !probes) {
		printf("fail\tprobes\tno way to measure works here: %s\n", others);
		return err;
	}
	printf("ok\tprobes\tloaded and attached\n");
	printf("%s\tback-end\t%s: %s", probes->call_cost_ns > 0 ? "warn" : "ok",
	    backend_name(probes->backend), backend_means(probes->backend));
	if (probes->backend == BACKEND_SYSCALLS)
		printf("; each system call of every process on this host takes %.0f ns "
		       "more",
		    probes->call_cost_ns);
	printf("%s%s\n", *others ? "; not " : "", others);
	printf("warn\tblind to\tTLS, %sgVisor, Kata and microVMs\n",
	    probes->backend == BACKEND_SYSCALLS ? "io_uring, " : "");
	probes_close(probes);
	return 0;
}

static void print_foreign(enum foreign foreign, uint32_t pid)
{
	printf("warn\trunning here\t%s, process %u: functions in it are not seen\n",
	    foreign_name(foreign), pid);
}

int probes_check(enum backend backend)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const char *missing = btf ? kernel_missing(btf) : NULL;
	bool root = geteuid() == 0;
	int err = -ENOTSUP;

	(void)libbpf_set_print(say_nothing);
	printf("%s\troot\t%s\n", root ? "ok" : "fail",
	    root ? "yes" : "no: start the agent with sudo");
	printf("%s\tkernel BTF\t%s\n", btf ? "ok" : "fail",
	    btf ? "/sys/kernel/btf/vmlinux"
		: "missing: boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	if (missing)
		printf("fail\ttracepoints\t%s is missing: Linux 6.1 or later is needed\n",
		    missing);
	if (root && btf && !missing)
		err = check_probes(&(struct probes_wanted){.backend = backend}, btf);
	btf__free(btf);
	(void)foreign_look_around(print_foreign);
	return err;
}
