#include "wire/host_figures.h"

static const char *const names[HOST_FIGURES] = {
    [FIGURE_AGENT_CPU_NS] = "agent_cpu_ns",
    [FIGURE_PROBES_CPU_NS] = "probes_cpu_ns",
    [FIGURE_RESIDENT_BYTES] = "resident_bytes",
    [FIGURE_AGENT_SHARE] = "agent_share",
    [FIGURE_PROBES_SHARE] = "probes_share",
    [FIGURE_MAX_SHARE] = "max_share",
    [FIGURE_SHED] = "shed",
    [FIGURE_TLS] = "tls_connections",
    [FIGURE_HTTP2] = "http2_connections",
    [FIGURE_READ_FAULTS] = "read_faults",
    [FIGURE_MAP_FULL] = "map_full",
    [FIGURE_EXEC_LOST] = "exec_lost",
    [FIGURE_IO_URING] = "io_uring_answers",
    [FIGURE_MISSED_RUNS] = "missed_runs",
};

_Static_assert(HOST_FIGURES <= 64, "the mask has a bit for each");

void host_figures_set(struct host_figures *f, enum host_figure figure, uint64_t value)
{
	f->has |= 1ULL << figure;
	f->value[figure] = value;
}

bool host_figures_have(const struct host_figures *f, enum host_figure figure)
{
	return f->has >> figure & 1;
}

const char *host_figure_name(enum host_figure figure)
{
	return figure < HOST_FIGURES ? names[figure] : "unknown";
}

size_t host_figures_encode(const struct host_figures *f, uint8_t *out)
{
	uint8_t *at = out + varint_encode(f->has, out, VARINT_MAX_BYTES);

	for (unsigned int i = 0; i < HOST_FIGURES; i++) {
		if (f->has >> i & 1)
			at += varint_encode(f->value[i], at, VARINT_MAX_BYTES);
	}
	return (size_t)(at - out);
}

bool host_figures_decode(struct cursor *in, struct host_figures *f)
{
	struct host_figures read = {0};

	if (cursor_left(in) > 0 && !cursor_varint(in, &read.has))
		return false;
	for (unsigned int i = 0; i < 64; i++) {
		uint64_t value;

		if (!(read.has >> i & 1))
			continue;
		if (!cursor_varint(in, &value))
			return false;
		if (i < HOST_FIGURES)
			read.value[i] = value;
	}
	if (HOST_FIGURES < 64)
		read.has &= (1ULL << HOST_FIGURES) - 1;
	*f = read;
	return true;
}
