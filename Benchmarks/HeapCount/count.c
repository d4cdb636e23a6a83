// Preloaded into a program (LD_PRELOAD) or linked into it, counts the heap blocks that all its threads ask for, where others
// can read it.
#define _GNU_SOURCE
#include "CHeapCount.h"
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

// Where to count until the file is there.
static struct CHeapCount own;
static struct CHeapCount *counters = &own;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("HEAP_COUNT_FILE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *place = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (place != MAP_FAILED) counters = place;
}

static void note(size_t octets) {
    __atomic_fetch_add(&counters->blocks, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&counters->octets, octets, __ATOMIC_RELAXED);
}

unsigned long CHeapCount_blocks(void) { return __atomic_load_n(&counters->blocks, __ATOMIC_RELAXED); }
void *malloc(size_t size) { return note(size), __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return note(count * size), __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return note(size), __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return note(size), __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { return note(size), __libc_memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
    note(size);
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;  // ENOMEM
}
