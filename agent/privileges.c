#include "agent/privileges.h"

#include <errno.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

static void cleanup_caps(cap_t *caps)
{
	if (*caps)
		(void)cap_free(*caps);
}

int privileges_keep(cap_value_t capability)
{
	__attribute__((cleanup(cleanup_caps))) cap_t caps = cap_init();
	const cap_value_t kept[] = {capability};

	for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
		if (c != capability && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1 &&
		    cap_drop_bound(c) < 0)
			return -errno;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) < 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (!caps || cap_set_flag(caps, CAP_PERMITTED, 1, kept, CAP_SET) < 0 ||
	    cap_set_flag(caps, CAP_EFFECTIVE, 1, kept, CAP_SET) < 0 ||
	    cap_set_proc(caps) < 0)
		return -errno;
	return 0;
}

int privileges_drop(void)
{
	return privileges_keep(CAP_BPF);
}
