// OpenSSL's SSL_MODE_RELEASE_BUFFERS gives the buffers of a connection back after each record, so that idle ones hold
// none, and it makes a few small blocks for every record, too. The last ones of each thread are kept here for the next
// record, whosever it is: a thread deals with one record at a time.
#include "COpenSSLMemory.h"
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

// A size that is asked for again and again. What malloc gives for `size` is as large or a little larger.
struct kind {
    size_t least, size;
    int most;
};
static const struct kind kinds[] = {
    {33, 40, 8},          // WPACKET_SUB
    {16385, 17400, 2},    // Of a record and its overhead: one to read, one to write.
    {262145, 262700, 1},  // TLS/Records/Scratch.swift
};
enum { KINDS = sizeof kinds / sizeof kinds[0], MOST = 8 };

// What a thread keeps: at most 298 kB, for as long as the thread lives and beyond; threads of TLS live as long as the process.
static _Thread_local struct {
    void *blocks[MOST];
    int count;
} kept[KINDS];

static int kind_of(size_t size) {
    for (int i = 0; i < KINDS; i++)
        if (size <= kinds[i].size) return size >= kinds[i].least ? i : -1;
    return -1;
}

static void *allocate(size_t size, const char *file, int line) {
    (void)file, (void)line;
    int kind = kind_of(size);
    if (kind < 0) return malloc(size);
    if (kept[kind].count > 0) return kept[kind].blocks[--kept[kind].count];
    return malloc(kinds[kind].size);
}

static void release(void *block, const char *file, int line) {
    (void)file, (void)line;
    if (!block) return;
    // glibc leaves up to 31 octets at a block's end that are too few for another.
    size_t size = malloc_usable_size(block);
    for (int i = 0; i < KINDS; i++)
        if (size - kinds[i].size < 32 && kept[i].count < kinds[i].most) {
            kept[i].blocks[kept[i].count++] = block;
            return;
        }
    free(block);
}

static void *resize(void *block, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return realloc(block, size);
}

int COpenSSLMemory_install(void) { return CRYPTO_set_mem_functions(allocate, resize, release); }
