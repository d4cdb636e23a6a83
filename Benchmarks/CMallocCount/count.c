// Stands in for glibc's allocator in programs that link this target, and counts its calls.
#include "CMallocCount.h"
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static __thread unsigned long total;

unsigned long CMallocCount_thread(void) { return total; }
void *malloc(size_t size) { return total++, __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return total++, __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return total++, __libc_realloc(old, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
    total++;
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12;  // ENOMEM
}
