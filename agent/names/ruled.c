#include "agent/names/ruled.h"

#include <errno.h>

#include "base/log.h"

void ruled_again(const char *path, struct rules **rules, struct sandboxes *sandboxes,
    struct probes *probes)
{
	struct rules *fresh;
	int err = rules_load(path, &fresh);

	if (err) {
		log_warn("the rules stay as they were%s",
		    err == -EACCES ? ": root's privileges are given up by now, file and"
				     " folders must belong to root or be open to all"
				   : "");
		return;
	}
	sandboxes_set_rules(sandboxes, fresh);
	probes_want_targets(probes, rules_want_targets(fresh));
	rules_free(*rules);
	*rules = fresh;
	log_note("rules read again from %s", path);
}
