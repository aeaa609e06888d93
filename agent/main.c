/* coldmeter-agent: measures the functions of one host. */
#include "agent/agent.h"
#include "agent/names/rules.h"
#include "agent/probes.h"
#include "base/log.h"

/* Of the kernel, and of the rules when there are any. */
static int check(const struct settings *settings)
{
	struct rules *rules = NULL;
	int err = settings->config ? rules_load(settings->config, &rules) : 0;

	rules_free(rules);
	return err ? err : probes_check(settings->backend);
}

int main(int argc, char **argv)
{
	struct settings settings;
	int err;

	log_init("coldmeter-agent", LOG_LEVEL_INFO);
	err = settings_parse(argc, argv, &settings);
	if (err)
		return err > 0 ? 0 : 2;
	if (settings.verbose)
		log_init("coldmeter-agent", LOG_LEVEL_DEBUG);
	if (settings.check)
		return check(&settings) ? 1 : 0;
	return agent_run(&settings) ? 1 : 0;
}
