#include "alerts/advice/always_on.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MONTH_H 730ULL
#define HOUR_S 3600ULL

/* Virtual machines. Burstable ones count at the share of a vCPU that they may use for
 * ever:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
 * and https://learn.microsoft.com/azure/virtual-machines/sizes-b-series-burstable */
static const struct machine {
	const char *provider;
	const char *key;
	const char *name;
	enum arch arch;
	uint32_t cpu_milli;
	uint32_t memory_mb;
} machines[] = {
    {"aws", "ec2.t4g.small", "t4g.small", ARCH_ARM64, 400, 2048},
    {"aws", "ec2.t4g.medium", "t4g.medium", ARCH_ARM64, 400, 4096},
    {"aws", "ec2.c7g.large", "c7g.large", ARCH_ARM64, 2000, 4096},
    {"aws", "ec2.m7g.large", "m7g.large", ARCH_ARM64, 2000, 8192},
    {"aws", "ec2.m7g.xlarge", "m7g.xlarge", ARCH_ARM64, 4000, 16384},
    {"aws", "ec2.m7i.large", "m7i.large", ARCH_X86_64, 2000, 8192},
    {"azure", "vm.b2s", "Standard_B2s", ARCH_X86_64, 400, 4096},
    {"azure", "vm.d2s-v5", "Standard_D2s_v5", ARCH_X86_64, 2000, 8192},
    {"gcp", "gce.e2-standard-2", "e2-standard-2", ARCH_X86_64, 2000, 8192},
};

/* Containers by the vCPU and the GB: pairs of a size of CPU and the memory it may have,
 * in steps.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 * https://learn.microsoft.com/azure/container-apps/containers
 * https://cloud.google.com/run/docs/configuring/services/cpu */
static const struct container {
	const char *provider;
	const char *kind;
	const char *cpu_key; /* with "{arch}" */
	const char *memory_key;
	uint32_t cpu_milli;
	uint32_t least_mb;
	uint32_t most_mb;
	uint32_t step_mb;
	uint32_t units_hour; /* priced units in an hour: 1, or 3600 for seconds */
} containers[] = {
    {"aws", "fargate", "fargate.vcpu.", "fargate.memory.", 250, 512, 512, 512, 1},
    {"aws", "fargate", "fargate.vcpu.", "fargate.memory.", 250, 1024, 2048, 1024, 1},
    {"aws", "fargate", "fargate.vcpu.", "fargate.memory.", 500, 1024, 4096, 1024, 1},
    {"aws", "fargate", "fargate.vcpu.", "fargate.memory.", 1000, 2048, 8192, 1024, 1},
    {"aws", "fargate", "fargate.vcpu.", "fargate.memory.", 2000, 4096, 16384, 1024, 1},
    {"aws", "fargate", "fargate.vcpu.", "fargate.memory.", 4000, 8192, 30720, 1024, 1},
    {"azure", "container-apps", "container-apps.vcpu", "container-apps.memory", 250, 512,
	512, 512, HOUR_S},
    {"azure", "container-apps", "container-apps.vcpu", "container-apps.memory", 500, 1024,
	1024, 1024, HOUR_S},
    {"azure", "container-apps", "container-apps.vcpu", "container-apps.memory", 1000,
	2048, 2048, 1024, HOUR_S},
    {"azure", "container-apps", "container-apps.vcpu", "container-apps.memory", 2000,
	4096, 4096, 1024, HOUR_S},
    {"gcp", "cloud-run-instance", "run.instance.cpu", "run.instance.memory", 1000, 512,
	4096, 128, HOUR_S},
    {"gcp", "cloud-run-instance", "run.instance.cpu", "run.instance.memory", 2000, 512,
	8192, 128, HOUR_S},
    {"gcp", "cloud-run-instance", "run.instance.cpu", "run.instance.memory", 4000, 2048,
	16384, 128, HOUR_S},
};

/* Where the book has each provider's always-on prices when it has none in the region. */
static const char *const fallbacks[] = {"us-east-1", "us-central1", "eastus", "eastus2"};

static const struct price *find_price(
    const struct book *book, const struct always_on_need *need, const char *key)
{
	const struct price *tiers;

	if (need->region[0] &&
	    book_find(book, need->provider, key, need->region, &tiers) > 0)
		return tiers;
	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++)
		if (book_find(book, need->provider, key, fallbacks[i], &tiers) > 0)
			return tiers;
	return NULL;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

/* How many of that size it takes; at least one. */
static uint64_t count_of(
    const struct always_on_need *need, uint64_t cpu_milli, uint64_t memory_mb)
{
	uint64_t by_cpu = divide_up(need->cpu_milli, cpu_milli);
	uint64_t by_memory = divide_up(need->memory_mb, memory_mb);
	uint64_t count = by_cpu > by_memory ? by_cpu : by_memory;

	return count ? count : 1;
}

/* Keeps the cheapest of each kind. */
static void keep(struct always_on *out, size_t *n, const struct always_on *one)
{
	size_t i = 0;

	while (i < *n && strcmp(out[i].kind, one->kind) != 0)
		i++;
	if (i == ALWAYS_ON_MAX)
		return;
	if (i == *n)
		out[(*n)++] = *one;
	else if (money_compare(one->month, out[i].month) < 0)
		out[i] = *one;
}

static void try_machine(const struct book *book, const struct always_on_need *need,
    const struct machine *machine, struct always_on *out, size_t *n)
{
	struct always_on one = {.kind = "vm"};

	if (strcmp(machine->provider, need->provider) != 0 ||
	    machine->memory_mb < need->least_memory_mb ||
	    machine->arch != (need->arch == ARCH_ARM64 ? ARCH_ARM64 : ARCH_X86_64))
		return;
	one.price = find_price(book, need, machine->key);
	if (!one.price)
		return;
	one.count = count_of(need, machine->cpu_milli, machine->memory_mb);
	one.month = money_of(one.count * MONTH_H, one.price->amount, 1);
	(void)snprintf(one.size, sizeof(one.size), "%s", machine->name);
	keep(out, n, &one);
}

static void name_key(const struct always_on_need *need, const char *key, char out[64])
{
	enum arch arch = need->arch == ARCH_ARM64 ? ARCH_ARM64 : ARCH_X86_64;
	bool ends_open = key[strlen(key) - 1] == '.';

	(void)snprintf(out, 64, "%s%s", key, ends_open ? arch_name(arch) : "");
}

static void try_container(const struct book *book, const struct always_on_need *need,
    const struct container *container, struct always_on *out, size_t *n)
{
	struct always_on one = {.kind = container->kind};
	const struct price *memory;
	uint64_t memory_mb;
	char key[64];

	if (strcmp(container->provider, need->provider) != 0 ||
	    container->most_mb < need->least_memory_mb ||
	    container->cpu_milli < need->least_cpu_milli)
		return;
	name_key(need, container->cpu_key, key);
	one.price = find_price(book, need, key);
	name_key(need, container->memory_key, key);
	memory = find_price(book, need, key);
	if (!one.price || !memory)
		return;
	one.count = count_of(need, container->cpu_milli, container->most_mb);
	memory_mb = divide_up(need->memory_mb, one.count);
	if (memory_mb < need->least_memory_mb)
		memory_mb = need->least_memory_mb;
	if (memory_mb < container->least_mb)
		memory_mb = container->least_mb;
	memory_mb = divide_up(memory_mb, container->step_mb) * container->step_mb;
	one.month = money_add(
	    money_of(one.count * container->cpu_milli * container->units_hour * MONTH_H,
		one.price->amount, 1000),
	    money_of(one.count * memory_mb * container->units_hour * MONTH_H,
		memory->amount, 1024));
	(void)snprintf(one.size, sizeof(one.size), "%g vCPU, %g GB",
	    container->cpu_milli / 1000.0, (double)memory_mb / 1024.0);
	keep(out, n, &one);
}

static int by_money(const void *a, const void *b)
{
	return money_compare(
	    ((const struct always_on *)a)->month, ((const struct always_on *)b)->month);
}

size_t always_on_find(const struct book *book, const struct always_on_need *need,
    struct always_on out[ALWAYS_ON_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		try_machine(book, need, &machines[i], out, &n);
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		try_container(book, need, &containers[i], out, &n);
	if (n)
		qsort(out, n, sizeof(*out), by_money);
	return n;
}
