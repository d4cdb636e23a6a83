// Mounts, network namespaces and orphaned processes, as a node that runs containers needs them.
#ifndef C_LINUX_NAMESPACES_H
#define C_LINUX_NAMESPACES_H

#include <stdint.h>
#include <sys/mount.h>

static const unsigned long CLinux_MS_BIND = MS_BIND;
static const unsigned long CLinux_MS_REC = MS_REC;
static const unsigned long CLinux_MS_RDONLY = MS_RDONLY;
static const unsigned long CLinux_MS_REMOUNT = MS_REMOUNT;
static const unsigned long CLinux_MS_NOSUID = MS_NOSUID;
static const unsigned long CLinux_MS_NODEV = MS_NODEV;

static inline int CLinux_mount(
    const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}

/// umount2 with MNT_DETACH: the mount leaves the tree at once, and goes when its last user does.
int CLinux_unmount(const char *target);

/// setns(CLONE_NEWNET): moves the calling thread, and only it, into the network namespace that `fd` is open on.
int CLinux_enter_network(int fd);

/// From now on the orphans among this process's descendants become its children, so that it can wait for them.
int CLinux_become_subreaper(void);

/// POSIX_SPAWN_SETSID, which the C library shows only with _GNU_SOURCE.
static const short CLinux_SPAWN_SETSID = 0x80;

#endif
