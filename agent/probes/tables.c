/* The kernel's tables of sandboxes and processes, as the agent reads and fills them. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "agent/probes/inside.h"

static void *map_table(const struct bpf_map *map, size_t bytes)
{
	void *table =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return table == MAP_FAILED ? NULL : table;
}

int tables_map(struct probes *probes)
{
	probes->sandboxes = map_table(
	    probes->skeleton->maps.sandboxes, SANDBOXES_MAX * sizeof(struct sandbox));
	if (!probes->sandboxes)
		return -errno;
	probes->processes = map_table(
	    probes->skeleton->maps.processes, PROCESSES_MAX * sizeof(struct process));
	return probes->processes ? 0 : -errno;
}

void tables_unmap(struct probes *probes)
{
	if (probes->sandboxes)
		(void)munmap(probes->sandboxes, SANDBOXES_MAX * sizeof(struct sandbox));
	if (probes->processes)
		(void)munmap(probes->processes, PROCESSES_MAX * sizeof(struct process));
}

static struct sandbox *sandbox_at(const struct probes *probes, uint64_t number)
{
	struct sandbox *s = &probes->sandboxes[sandbox_place(number)];

	return __atomic_load_n(&s->number, __ATOMIC_ACQUIRE) == number ? s : NULL;
}

int probes_losses(
    const struct probes *probes, uint64_t sandbox, uint64_t *lost, uint64_t *shed)
{
	const struct sandbox *s = sandbox_at(probes, sandbox);

	if (!s)
		return -ENOENT;
	*lost = __atomic_load_n(&s->lost, __ATOMIC_RELAXED);
	*shed = __atomic_load_n(&s->shed, __ATOMIC_RELAXED);
	return 0;
}

int probes_take_end(const struct probes *probes, struct record_end *end)
{
	struct sandbox *s = sandbox_at(probes, end->sandbox);

	if (!s || !__atomic_load_n(&s->end_ns, __ATOMIC_ACQUIRE))
		return -ENOENT;
	end->end_ns = s->end_ns;
	end->ended = s->ended;
	end->lost = s->lost;
	end->shed = s->shed;
	sandbox_forget(s, end->sandbox);
	return 0;
}

static bool knows_process(const struct probes *probes, uint32_t pid)
{
	for (uint32_t i = 0; i < PROCESS_PLACES; i++) {
		const struct process *p = &probes->processes[process_place(pid, i)];

		if (__atomic_load_n(&p->pid, __ATOMIC_RELAXED) == pid)
			return true;
	}
	return false;
}

int probes_adopt_sandbox(
    struct probes *probes, uint64_t seed, const struct sandbox *fresh, uint64_t *number)
{
	if (knows_process(probes, fresh->first_pid))
		return -EEXIST;
	for (uint32_t i = 0; i < SANDBOX_PLACES; i++) {
		uint32_t place = sandbox_place(seed + i);

		if (sandbox_take(&probes->sandboxes[place])) {
			*number = sandbox_number(seed, place);
			sandbox_fill(&probes->sandboxes[place], fresh, *number);
			return 0;
		}
	}
	return -ENOSPC;
}

int probes_adopt_process(
    struct probes *probes, uint32_t pid, uint64_t sandbox, uint64_t start_ns, bool serves)
{
	if (knows_process(probes, pid))
		return -EEXIST;
	for (uint32_t i = 0; i < PROCESS_PLACES; i++) {
		struct process *p = &probes->processes[process_place(pid, i)];

		if (process_take(p)) {
			process_fill(p, PROCESS_TAKEN, pid, sandbox, start_ns);
			p->serves = serves;
			return 0;
		}
	}
	return -ENOSPC;
}
