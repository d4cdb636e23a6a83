// Starting programs and waiting for them.
#ifndef C_LINUX_PROCESSES_H
#define C_LINUX_PROCESSES_H

#include <sys/types.h>

/// What a program is started with; strings are borrowed for the call.
typedef struct {
    const char *program;
    char *const *arguments;
    char *const *environment;
    /// Where it begins; null for here.
    const char *directory;
    /// The terminal that becomes its controlling one and its standard streams; null for none.
    const char *terminal;
    /// What becomes its standard streams, without a terminal.
    int input, output, error;
} CLinux_program;

/// posix_spawnp with signals at their defaults, no other descriptor open, and a process group (session) of its own.
///
/// Returns an errno, 0 for success.
int CLinux_spawn(const CLinux_program *program, pid_t *pid);

int CLinux_pidfd_open(pid_t pid);
/// waitid(P_PIDFD, WEXITED | WNOHANG): 1 when it has ended, with `is_signal` and `value` telling how; 0 when not yet.
int CLinux_pidfd_wait(int pidfd, int *is_signal, int *value);
int CLinux_pidfd_signal(int pidfd, int signal);

/// Opens a new pseudo-terminal's near side (non-blocking), and writes the name of its far side to `name`.
int CLinux_open_terminal(char *name, size_t capacity);
int CLinux_resize_terminal(int terminal, int columns, int rows);

/// Listens on a local socket, non-blocking; `path` must be free, and shorter than 108 octets.
int CLinux_listen_local(const char *path);
/// Accepts one connection that is waiting, and takes the first descriptor that was sent on it; -1 when there is none.
int CLinux_accept_descriptor(int listener);

#endif
