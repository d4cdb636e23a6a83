#define _GNU_SOURCE
#include "Namespaces.h"

#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>

_Static_assert(POSIX_SPAWN_SETSID == 0x80, "glibc's value");

int CLinux_unmount(const char *target) { return umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW); }

int CLinux_enter_network(int fd) { return setns(fd, CLONE_NEWNET); }

int CLinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
