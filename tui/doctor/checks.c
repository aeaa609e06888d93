#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "price/book.h"
#include "tui/child.h"
#include "tui/doctor.h"
#include "tui/format.h"
#include "tui/snapshot.h"

#define AGENT_CHECK_MS 20000
#define AGENT_OUTPUT_BYTES 16384
#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define PRICES_OLD_DAYS 180
#define KERNEL_MAJOR 6 /* the oldest that `make check-kernels` measures on: 6.1 */
#define KERNEL_MINOR 1

static void check_agent(struct doctor *doctor)
{
	char path[PATH_MAX];
	char option[] = "--check";
	char *argv[] = {path, option, NULL};
	AUTO(free) char *text = malloc(AGENT_OUTPUT_BYTES);
	int status = 0;
	ssize_t n;

	if (child_find("coldmeter-agent", path, sizeof(path)) < 0) {
		doctor_add(doctor, DOCTOR_FAIL, "agent",
		    "coldmeter-agent is neither next to this program nor in PATH: `make` "
		    "builds it");
		return;
	}
	if (geteuid() != 0) {
		doctor_add(doctor, DOCTOR_WARN, "root",
		    "no: the agent needs it, everything else does not; `sudo coldmeter "
		    "doctor` tries the probes");
		doctor_add(doctor, access(BTF_PATH, R_OK) == 0 ? DOCTOR_OK : DOCTOR_FAIL,
		    "kernel BTF", "%s",
		    access(BTF_PATH, R_OK) == 0
			? BTF_PATH
			: "missing: boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
		return;
	}
	if (!text)
		return;
	n = child_read(argv, AGENT_CHECK_MS, text, AGENT_OUTPUT_BYTES, &status);
	if (n < 0)
		doctor_add(doctor, DOCTOR_FAIL, "agent", "cannot start %s: %s", path,
		    strerror((int)-n));
	else if (!doctor_read_lines(doctor, text))
		doctor_add(doctor, DOCTOR_FAIL, "agent",
		    "%s --check says nothing usable: %.200s", path, text);
}

void doctor_check_host(struct doctor *doctor)
{
	struct utsname kernel = {0};
	int major = 0;
	int minor = 0;
	char *rest;

	(void)uname(&kernel);
	major = (int)strtol(kernel.release, &rest, 10);
	minor = *rest == '.' ? (int)strtol(rest + 1, NULL, 10) : 0;
	if (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR))
		doctor_add(doctor, DOCTOR_OK, "kernel", "%s", kernel.release);
	else
		doctor_add(doctor, DOCTOR_FAIL, "kernel",
		    "%s is too old: coldmeter needs Linux 6.1 or later", kernel.release);
	check_agent(doctor);
}

/* Names of processes that run sandboxes with a kernel of their own. */
static const struct {
	const char *comm;
	const char *what;
} blind[] = {{"runsc-sandbox", "gVisor"}, {"exe", "gVisor"},
    {"containerd-shim-kata", "Kata Containers"}, {"kata-runtime", "Kata Containers"},
    {"firecracker", "Firecracker"}, {"cloud-hyperviso", "Cloud Hypervisor"},
    {"qemu-system-x86", "QEMU"}, {"qemu-system-aar", "QEMU"}};
#define BLIND_KINDS (sizeof(blind) / sizeof(blind[0]))

/* "exe" alone says little: gVisor's sentry runs as /proc/self/exe with this argument. */
static bool is_sentry(const char *pid)
{
	char path[64], line[512];
	AUTO(file) FILE *file = NULL;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	file = fopen(path, "re");
	n = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
	for (size_t i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	line[n] = '\0';
	return strstr(line, "runsc") != NULL;
}

static void count_blind(const char *pid, size_t *counts)
{
	char path[64], comm[32] = "";
	AUTO(file) FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(comm, sizeof(comm), file))
		return;
	comm[strcspn(comm, "\n")] = '\0';
	for (size_t i = 0; i < BLIND_KINDS; i++)
		if (strncmp(comm, blind[i].comm, 15) == 0 &&
		    (strcmp(comm, "exe") != 0 || is_sentry(pid)))
			counts[i]++;
}

void doctor_check_blind(struct doctor *doctor)
{
	size_t counts[BLIND_KINDS] = {0};
	size_t found = 0;
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (!proc) {
		doctor_add(doctor, DOCTOR_WARN, "blind spots", "cannot read /proc");
		return;
	}
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			count_blind(entry->d_name, counts);
	(void)closedir(proc);
	for (size_t i = 0; i < BLIND_KINDS; i++) {
		found += counts[i];
		if (counts[i])
			doctor_add(doctor, DOCTOR_WARN, "blind spots",
			    "%zu %s sandbox%s here: functions inside have a kernel of "
			    "their "
			    "own, and are not measured from this one",
			    counts[i], blind[i].what,
			    counts[i] == 1 ? " runs" : "es run");
	}
	if (!found)
		doctor_add(doctor, DOCTOR_OK, "blind spots",
		    "no gVisor, Kata or virtual machine runs here; functions that speak "
		    "TLS "
		    "themselves are seen as connections only");
}

void doctor_check_prices(struct doctor *doctor, int64_t now_ns)
{
	struct book *book = NULL;
	const char *oldest = NULL;
	int64_t oldest_ns = now_ns;
	size_t old = 0;
	size_t n;

	if (book_open_embedded(&book) < 0) {
		doctor_add(
		    doctor, DOCTOR_FAIL, "prices", "the price book cannot be opened");
		return;
	}
	n = book_count(book);
	for (size_t i = 0; i < n; i++) {
		int64_t when_ns = now_ns;

		(void)price_date_parse(book_at(book, i)->as_of, &when_ns);
		old += now_ns - when_ns > PRICES_OLD_DAYS * 86400LL * CLOCK_NS_PER_S;
		if (when_ns < oldest_ns) {
			oldest_ns = when_ns;
			oldest = book_at(book, i)->as_of;
		}
	}
	if (old)
		doctor_add(doctor, DOCTOR_WARN, "prices",
		    "%zu of %zu are older than %d days (the oldest: %s): `coldmeter "
		    "prices "
		    "check` names them",
		    old, n, PRICES_OLD_DAYS, oldest);
	else
		doctor_add(doctor, DOCTOR_OK, "prices", "%zu, the oldest of %s", n,
		    oldest ? oldest : "today");
	book_free(book);
}

/* What watching costs a host, and whether the agent sheds detail for it. */
static void check_cost(
    struct doctor *doctor, const struct agent_row *agent, enum doctor_state wanted)
{
	enum doctor_state state =
	    agent->shed > 0 || isnan(agent->probes_pct) ? DOCTOR_WARN : DOCTOR_OK;
	char cost[FORMAT_BYTES], max[FORMAT_BYTES], memory[FORMAT_BYTES];
	char limit[FORMAT_BYTES + 16] = "";

	if (isnan(agent->agent_pct) || state != wanted)
		return;
	if (!isnan(agent->max_pct))
		(void)snprintf(limit, sizeof(limit), " (%s allowed)",
		    format_percent(agent->max_pct, max));
	doctor_add(doctor, state, "cost",
	    "%s: watching takes %s of the host's CPUs%s%s, %s of memory%s", agent->host,
	    format_percent(agent_row_cost_pct(agent), cost), limit,
	    isnan(agent->probes_pct) ? ", probes not counted" : "",
	    format_memory(agent->resident_bytes / 1048576, memory),
	    agent->shed > 0 ? "; detail is shed to stay below: see --max-overhead in "
			      "coldmeter-agent(8)"
			    : "");
}

/* What the probes met that they could not measure. */
static void check_unseen(struct doctor *doctor, const struct agent_row *agent)
{
	if (agent->tls || agent->http2)
		doctor_add(doctor, DOCTOR_WARN, "blind spots",
		    "%s: %" PRIu64 " TLS and %" PRIu64
		    " HTTP/2 connections of functions could not be read: their requests "
		    "are not measured",
		    agent->host, agent->tls, agent->http2);
	if (agent->read_faults || agent->map_full || agent->exec_lost)
		doctor_add(doctor, DOCTOR_WARN, "probes",
		    "%s: %" PRIu64 " messages could not be read, %" PRIu64
		    " processes found no room, %" PRIu64
		    " sandboxes were lost before they were named",
		    agent->host, agent->read_faults, agent->map_full, agent->exec_lost);
	if (agent->io_uring)
		doctor_add(doctor, DOCTOR_WARN, "blind spots",
		    "%s: %" PRIu64
		    " answers of functions went through io_uring: their statuses and "
		    "ends are not exact",
		    agent->host, agent->io_uring);
	if (agent->missed_runs)
		doctor_add(doctor, DOCTOR_WARN, "probes",
		    "%s: the kernel left out %" PRIu64
		    " of their runs: no figure has what these would have told",
		    agent->host, agent->missed_runs);
}

static void check_ledger(struct doctor *doctor, const struct snapshot *snapshot)
{
	char reasons[200];

	if (!snapshot->ledger.lost) {
		doctor_add(doctor, DOCTOR_OK, "ledger",
		    "%" PRIu64 " seen in the last hour, none lost",
		    snapshot->ledger.seen);
		return;
	}
	doctor_add(doctor, DOCTOR_WARN, "ledger",
	    "%" PRIu64 " of %" PRIu64 " invocations were lost in the last hour: %s",
	    snapshot->ledger.lost, snapshot->ledger.seen,
	    ledger_reasons(&snapshot->ledger, reasons, sizeof(reasons)));
}

static void check_lost(struct doctor *doctor, const struct agent_row *agent)
{
	char reasons[200];

	if (agent->ledger.lost)
		doctor_add(doctor, DOCTOR_WARN, "ledger",
		    "%s: %" PRIu64 " of %" PRIu64 " lost: %s", agent->host,
		    agent->ledger.lost, agent->ledger.seen,
		    ledger_reasons(&agent->ledger, reasons, sizeof(reasons)));
}

/* Of each host what has that state. */
static void check_hosts(
    struct doctor *doctor, const struct snapshot *snapshot, enum doctor_state wanted)
{
	const struct agent_row *agents = snapshot->agents.items;
	char age[FORMAT_BYTES];

	for (size_t i = 0; i < snapshot->agents.items_n; i++) {
		if ((agents[i].silent ? DOCTOR_WARN : DOCTOR_OK) == wanted)
			doctor_add(doctor, wanted, "agent", "%s: last batch %s ago%s",
			    agents[i].host, format_age(agents[i].age_s, age),
			    agents[i].silent ? ": does coldmeter-agent still run there?"
					     : "");
		check_cost(doctor, &agents[i], wanted);
		if (wanted != DOCTOR_WARN)
			continue;
		check_unseen(doctor, &agents[i]);
		check_lost(doctor, &agents[i]);
	}
}

void doctor_check_agents(struct doctor *doctor, const struct snapshot *snapshot)
{
	if (!snapshot->agents.items_n)
		doctor_add(doctor, DOCTOR_WARN, "agents",
		    "none has sent anything yet: `sudo coldmeter-agent --collector URL`");
	check_ledger(doctor, snapshot);
	check_hosts(doctor, snapshot, DOCTOR_WARN);
	check_hosts(doctor, snapshot, DOCTOR_OK);
}
