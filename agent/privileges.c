#include "agent/privileges.h"

#include <errno.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

static void cleanup_caps(cap_t *caps)
{
	if (*caps)
		(void)cap_free(*caps);
}

static bool is_kept(const cap_value_t *kept, int n, cap_value_t capability)
{
	for (int i = 0; i < n; i++)
		if (kept[i] == capability)
			return true;
	return false;
}

static int keep(const cap_value_t *kept, int n)
{
	__attribute__((cleanup(cleanup_caps))) cap_t caps = cap_init();

	for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
		if (!is_kept(kept, n, c) && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1 &&
		    cap_drop_bound(c) < 0)
			return -errno;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) < 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (!caps || cap_set_flag(caps, CAP_PERMITTED, n, kept, CAP_SET) < 0 ||
	    cap_set_flag(caps, CAP_EFFECTIVE, n, kept, CAP_SET) < 0 ||
	    cap_set_proc(caps) < 0)
		return -errno;
	return 0;
}

int privileges_keep(cap_value_t capability)
{
	return keep(&capability, 1);
}

int privileges_drop(bool deep)
{
	const cap_value_t kept[] = {CAP_BPF, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

	return keep(kept, deep ? 3 : 1);
}
