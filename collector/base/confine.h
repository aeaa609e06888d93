/* Leaves this process the system calls of a server that reads, writes, talks and has
 * threads. What nobody in it has a reason to call is refused from then on, whoever has
 * taken it over. */
#ifndef COLDMETER_BASE_CONFINE_H
#define COLDMETER_BASE_CONFINE_H

/* Call it before threads start: those that start later are confined too, and so is all
 * that they do, for good. Other programs, other processes' memory and the like end the
 * process (SIGSYS); what is merely not known fails with ENOSYS, so that a newer libc
 * falls back. 0; -EOPNOTSUPP: not on this machine, or not in this build (a sanitizer
 * needs more); -errno. */
int confine_to_serving(void);

#endif
