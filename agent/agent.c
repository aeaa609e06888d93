/* The ring is drained on time, without wake-ups: every 10 ms while invocations come,
 * every 50 ms otherwise. */
#include "agent/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/cost/figures.h"
#include "agent/cost/overhead.h"
#include "agent/cost/shedding.h"
#include "agent/deep.h"
#include "agent/names/foreign.h"
#include "agent/names/ruled.h"
#include "agent/names/rules.h"
#include "agent/privileges.h"
#include "agent/probes.h"
#include "agent/probes/running.h"
#include "agent/sandboxes.h"
#include "agent/sandboxes/untold.h"
#include "agent/sender.h"
#include "agent/stop.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/json.h"

#define TICK_BUSY_MS 10
#define TICK_IDLE_MS 50
#define CLOCK_EVERY_NS 1000000000ULL
#define FLUSH_MS 3000

struct agent {
	const struct settings *settings;
	struct probes *probes;
	struct rules *rules; /* NULL: none */
	struct sandboxes *sandboxes;
	struct spool *spool;
	struct sender *sender;
	struct untold *untold;
	uint64_t attributed; /* of the kernel's losses: looked for by function so far */
	uint64_t lost_ends;  /* sandboxes whose end was lost: looked for so far */
	size_t ending;       /* of those, found and not dropped yet */
	struct overhead *overhead;
	struct shedding shedding;
	bool is_costly; /* the process alone took more than it may, in the last second */
	bool is_helpless;  /* all detail is shed, and that was not enough */
	struct deep *deep; /* NULL: no function is sampled */
	int64_t boot_to_wall_ns;
	uint64_t clock_read_ns;
	uint64_t
	    counts[RECORD_COUNTS]; /* the kernel's, as they were before the last drain */
	uint64_t parts;            /* recorded, but part of another sandbox */
	uint64_t drained;          /* invocations out of the ring */
	uint64_t printed;          /* without a sender */
	uint64_t unnamed;
	uint64_t missed_runs; /* of the probes, a second ago at most */
	uint64_t missed_said;
	bool reader_gone;  /* nobody reads standard output any more */
	bool had_terminal; /* when it began */
	char host[JSON_HOST_BYTES];
};

static void on_invocation(void *context, const struct invocation *inv)
{
	struct agent *agent = context;
	char line[JSON_LINE_MAX_BYTES];

	if (agent->settings->to_stdout) {
		size_t n = json_format_invocation(inv, agent->host, line);

		if (fwrite(line, 1, n, stdout) != n)
			agent->reader_gone = true;
	}
	agent->drained++;
	if (agent->sender)
		sender_add(agent->sender, inv);
	else
		agent->printed++;
}

static void on_record(void *context, const void *record, size_t bytes)
{
	struct agent *agent = context;
	const struct record_sample *sample = record;
	int err;

	if (bytes == sizeof(*sample) && sample->kind == RECORD_SAMPLE) {
		if (agent->deep)
			deep_take(agent->deep, sample);
		return;
	}
	err = sandboxes_take(agent->sandboxes, record, bytes, agent->boot_to_wall_ns);

	if (err == -ECHILD) {
		agent->parts++;
	} else if (err == -ENOENT) {
		agent->drained++;
		agent->unnamed++;
	} else if (err) {
		(void)log_error(err, "a record of %zu bytes from the kernel", bytes);
	}
}

/* What the kernel counted before the last drain has all come out of the ring or was lost;
 * what came out beyond that it counted since. Were a record to vanish between the two,
 * seen would be more than delivered and lost. */
static void read_ledger(const struct agent *agent, struct batch_ledger *ledger)
{
	uint64_t lost_ring = agent->counts[COUNT_LOST_RING];
	uint64_t counted = agent->counts[COUNT_SEEN];
	uint64_t seen = counted > agent->parts ? counted - agent->parts : 0;
	uint64_t shed = agent->counts[COUNT_SHED];
	uint64_t settled = agent->drained + lost_ring + shed;

	*ledger = (struct batch_ledger){.seen = seen > settled ? seen : settled};
	ledger->lost[LOST_RING_FULL] = lost_ring;
	ledger->lost[LOST_SHED] = shed;
	ledger->lost[LOST_UNNAMED] = agent->unnamed;
	ledger->delivered = agent->printed;
	if (agent->sender)
		sender_ledger(agent->sender, ledger);
}

static void on_loss(
    void *context, const struct function *function, enum lost_reason reason, uint64_t n)
{
	struct agent *agent = context;

	untold_add(agent->untold, function, reason, n);
}

static int read_losses(void *context, uint64_t sandbox, uint64_t *lost, uint64_t *shed)
{
	const struct agent *agent = context;

	return probes_losses(agent->probes, sandbox, lost, shed);
}

/* Finds out whose the kernel's losses are, when there are new ones. */
static void attribute_losses(struct agent *agent)
{
	uint64_t now = agent->counts[COUNT_LOST_RING] + agent->counts[COUNT_SHED];

	if (now == agent->attributed)
		return;
	agent->attributed = now;
	sandboxes_read_losses(agent->sandboxes, read_losses, agent);
}

static int take_end(void *context, struct record_end *end)
{
	const struct agent *agent = context;

	return probes_take_end(agent->probes, end);
}

/* After a drain: finds sandboxes whose last record had no room, when there are some. */
static void take_lost_ends(struct agent *agent)
{
	uint64_t now = agent->counts[COUNT_LOST_END];

	if (now == agent->lost_ends && agent->ending == 0)
		return;
	agent->lost_ends = now;
	agent->ending = sandboxes_read_ends(agent->sandboxes, take_end, agent);
}

static void read_figures(const struct agent *agent, struct host_figures *f)
{
	const struct overhead_cost cost = overhead_cost(agent->overhead);

	figures_read(&(struct figures_sources){.cost = &cost,
			 .shedding = &agent->shedding,
			 .counts = agent->counts,
			 .missed_runs = agent->missed_runs},
	    f);
}

static void read_head(void *context, struct batch_head *head)
{
	attribute_losses(context);
	read_ledger(context, &head->ledger);
	read_figures(context, &head->figures);
}

static int drain(struct agent *agent)
{
	uint64_t now = clock_boot_ns();
	int n;

	if (now - agent->clock_read_ns > CLOCK_EVERY_NS) {
		agent->boot_to_wall_ns = clock_boot_to_wall_ns();
		agent->clock_read_ns = now;
		probes_set_clock(agent->probes, agent->boot_to_wall_ns);
		agent->missed_runs = figures_missed(agent->probes, &agent->missed_said);
		agent->is_costly =
		    overhead_glance(agent->overhead, now) > agent->shedding.max;
	}
	deep_turn(agent->deep, now);
	probes_counts(agent->probes, agent->counts);
	n = probes_drain(agent->probes, on_record, agent);
	take_lost_ends(agent);
	overhead_set_aside(agent->overhead, deep_cpu_ns(agent->deep));
	if (n > 0 && agent->settings->to_stdout && fflush(stdout) != 0)
		agent->reader_gone = true;
	return n;
}

static void say_shedding(const struct shedding *s, int change, double share)
{
	double percent = share * 100;
	double max = s->max * 100;

	if (change > 0)
		log_warn("watching costs %.3f %% of this host, more than --max-overhead "
			 "%.3g: step %d, left out from now on: %s",
		    percent, max, s->step, shedding_name(s->step));
	else
		log_note("watching costs %.3f %% of this host, less than half of "
			 "--max-overhead %.3g: step %d is taken back: %s",
		    percent, max, s->step + 1, shedding_name(s->step + 1));
}

/* Sheds detail while watching costs more than it may, and takes it back. */
static void watch_cost(struct agent *agent)
{
	struct shedding *s = &agent->shedding;
	uint64_t now = clock_boot_ns();
	bool closely = agent->is_costly || shedding_is_undecided(s);
	struct overhead_cost cost;
	double share;
	int change;

	if (!overhead_turn(agent->overhead, agent->probes, now, closely))
		return;
	cost = overhead_cost(agent->overhead);
	share = overhead_judged(&cost);
	change = shedding_judge(s, share, now);
	if (change) {
		probes_set_shed(agent->probes, s->step);
		say_shedding(s, change, share);
	} else if (s->is_over && s->step == SHED_ALL && !agent->is_helpless) {
		agent->is_helpless = true;
		log_warn("watching costs %.3f %% of this host, more than --max-overhead "
			 "%.3g, although all is left out but counts",
		    share * 100, s->max * 100);
	}
}

/* One turn: drain, send, wait. */
static void turn(struct agent *agent, int signals)
{
	struct pollfd wait = {.fd = signals, .events = POLLIN};
	bool at_once = drain(agent) > 0 && agent->shedding.step < SHED_DRAIN;
	int tick_ms = at_once ? TICK_BUSY_MS : TICK_IDLE_MS;

	watch_cost(agent);

	if (agent->sender)
		sender_work(agent->sender, tick_ms);
	else
		(void)poll(&wait, 1, tick_ms);
}

static void say_measuring(const struct probes *probes, int found)
{
	if (probes_backend(probes) == BACKEND_SYSCALLS)
		log_warn("back-end syscalls: each system call of every process on this "
			 "host takes %.0f ns more, and io_uring is not seen",
		    probes_call_cost_ns(probes));
	log_note("measuring by back-end %s; %d sandbox%s of functions found running",
	    backend_name(probes_backend(probes)), found, found == 1 ? "" : "es");
}

static int open_all(struct agent *agent)
{
	const struct settings *s = agent->settings;
	int err = overhead_open(&agent->overhead);

	if (!err && s->config)
		err = rules_load(s->config, &agent->rules);
	if (!err)
		err = untold_new(&agent->untold);
	if (!err)
		err = sandboxes_new(on_invocation, agent, &agent->sandboxes);
	if (!err) {
		sandboxes_set_rules(agent->sandboxes, agent->rules);
		sandboxes_on_loss(agent->sandboxes, on_loss);
	}
	(void)gethostname(agent->host, sizeof(agent->host) - 1);
	text_make_printable(agent->host);
	agent->boot_to_wall_ns = clock_boot_to_wall_ns();
	if (!err && s->collector) {
		err = spool_open(s->spool, s->spool_limit_mb << 20, &agent->spool);
		if (!err)
			err = sender_open(&(struct sender_target){s->collector,
					      s->token_file, s->ca_file},
			    agent->spool, read_head, agent, &agent->sender);
		if (!err)
			sender_tell(agent->sender, agent->untold);
	}
	if (!err && s->deep)
		err = deep_open(s->deep_out, &agent->deep);
	if (!err)
		err = probes_open(
		    &(struct probes_wanted){.backend = s->backend, .deep = s->deep},
		    &agent->probes);
	if (err)
		return err;
	agent->shedding = shedding_start(s->max_overhead, (enum record_shed)s->shed);
	probes_set_shed(agent->probes, agent->shedding.step);
	probes_want_targets(agent->probes, rules_want_targets(agent->rules));
	sandboxes_said_foreign(agent->sandboxes, foreign_look_around(NULL));
	err = running_adopt(agent->probes, agent->sandboxes);
	if (err < 0)
		return log_error(err, "cannot look for functions that are running");
	say_measuring(agent->probes, err);
	(void)drain(agent);
	sandboxes_settle(agent->sandboxes);
	err = privileges_drop(s->deep != NULL);
	return err ? log_error(err, "cannot give up privileges") : 0;
}

static void close_deep(struct agent *agent)
{
	uint64_t cpu_ns = deep_cpu_ns(agent->deep);
	uint64_t samples;

	if (!agent->deep)
		return;
	samples = deep_close(agent->deep);
	log_note("%llu samples, %llu lost; %.1f ms of the agent's CPU time for them",
	    (unsigned long long)samples,
	    (unsigned long long)agent->counts[COUNT_LOST_SAMPLE], (double)cpu_ns / 1e6);
	if (samples == 0)
		log_warn("no init of %s was sampled: --deep wants the name that the "
			 "process's environment gives, as it is without --config",
		    agent->settings->deep);
}

static void close_all(struct agent *agent)
{
	close_deep(agent);
	sender_close(agent->sender);
	spool_close(agent->spool);
	probes_close(agent->probes);
	sandboxes_free(agent->sandboxes);
	rules_free(agent->rules);
	overhead_close(agent->overhead);
	untold_free(agent->untold);
}

static void say_loss(
    void *context, const struct function *function, const uint64_t lost[LOST_REASONS])
{
	char text[320] = "";
	size_t at = 0;

	(void)context;
	for (int i = 0; i < LOST_REASONS && at < sizeof(text); i++)
		if (lost[i])
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s=%llu",
			    at ? " " : "", lost_reason_name((enum lost_reason)i),
			    (unsigned long long)lost[i]);
	log_note("lost of %s: %s", function->name, text);
}

static void say_cost(const struct agent *agent)
{
	struct overhead_cost cost = overhead_cost(agent->overhead);
	char probes[48] = "probes not known";

	if (!cost.known)
		return;
	if (cost.probes_known)
		(void)snprintf(
		    probes, sizeof(probes), "probes %.3f %%", cost.probes_share * 100);
	log_note("cost: agent %.3f %%, %s of the host's CPU time when last measured; "
		 "%.1f MB resident",
	    cost.agent_share * 100, probes, (double)cost.resident_bytes / 1048576);
}

static void drain_meanwhile(void *context)
{
	(void)drain(context);
}

static void say_ledger(struct agent *agent)
{
	struct batch_ledger ledger;
	uint64_t lost = 0;
	uint64_t most_bytes;
	uint64_t ring_bytes;

	probes_stop(agent->probes, drain_meanwhile, agent);
	(void)drain(agent);
	if (probes_ring_most(agent->probes, &most_bytes, &ring_bytes))
		log_note("ring: at most %llu of %llu bytes waited",
		    (unsigned long long)most_bytes, (unsigned long long)ring_bytes);
	attribute_losses(agent);
	read_ledger(agent, &ledger);
	if (agent->sender) {
		sender_flush(agent->sender, FLUSH_MS);
		sender_ledger(agent->sender, &ledger);
	}
	for (int i = 0; i < LOST_REASONS; i++)
		lost += ledger.lost[i];
	log_note("ledger: seen=%llu delivered=%llu lost=%llu",
	    (unsigned long long)ledger.seen, (unsigned long long)ledger.delivered,
	    (unsigned long long)lost);
	untold_scan(agent->untold, say_loss, NULL);
	say_cost(agent);
}

/* SIGHUP without rules, or when the terminal has gone, ends the agent. */
static bool goes_on(struct agent *agent, int signals)
{
	enum stop_told told = stop_told(signals);
	const char *config = agent->settings->config;
	bool again = told == STOP_HANG_UP && config &&
		     (!agent->had_terminal || stop_has_terminal());

	if (again)
		ruled_again(config, &agent->rules, agent->sandboxes, agent->probes);
	return told == STOP_NOTHING || again;
}

int agent_run(const struct settings *settings)
{
	struct agent agent = {.settings = settings, .had_terminal = stop_has_terminal()};
	int signals = stop_open();
	int err;

	if (signals < 0)
		return log_error(signals, "cannot wait for signals");
	err = open_all(&agent);
	if (!err) {
		while (!agent.reader_gone && goes_on(&agent, signals))
			turn(&agent, signals);
		say_ledger(&agent);
	}
	close_all(&agent);
	(void)close(signals);
	return err;
}
