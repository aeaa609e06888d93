/* coldmeter-agent: measures the functions of one host. */
#include "agent/agent.h"
#include "agent/probes.h"
#include "base/log.h"

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
		return probes_check() ? 1 : 0;
	return agent_run(&settings) ? 1 : 0;
}
