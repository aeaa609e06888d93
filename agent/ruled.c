#include "agent/ruled.h"

#include "base/log.h"

void ruled_again(const char *path, struct rules **rules, struct sandboxes *sandboxes,
    struct probes *probes)
{
	struct rules *fresh;

	if (rules_load(path, &fresh) < 0) {
		log_warn("the rules stay as they were");
		return;
	}
	sandboxes_set_rules(sandboxes, fresh);
	probes_want_targets(probes, rules_want_targets(fresh));
	rules_free(*rules);
	*rules = fresh;
	log_note("rules read again from %s", path);
}
