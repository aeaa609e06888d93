/* Files of a process, as it sees them, although it may have put anything there. */
#ifndef COLDMETER_AGENT_NAMES_SEEN_FILE_H
#define COLDMETER_AGENT_NAMES_SEEN_FILE_H

#include <stdint.h>
#include <sys/types.h>

/* Both open for reading what a path means to a process, also one that leads out of its
 * root, and only once it is known to be a regular file with something in it: nothing else
 * is opened, for opening may act, and files without a size (in /proc) may when read.
 * Return the caller's descriptor, or -errno: -ELOOP for a symbolic link, -EINVAL for what
 * is no such file or another one. */

/* The file that a path of /proc/PID/maps is: it has that inode. Its device is not
 * compared: that of overlayfs and btrfs is not the one in maps. */
int seen_file_open_mapped(uint32_t pid, const char *path, uint64_t inode);

/* A file that belongs to that user or to root. */
int seen_file_open_owned(uint32_t pid, const char *path, uid_t owner);

#endif
