#ifndef C_HEAP_COUNT_H
#define C_HEAP_COUNT_H
/// Counters at the beginning of the file that HEAP_COUNT_FILE names, which must be as large: blocks that the program this
/// library is preloaded into has asked for, and their octets, since it began.
struct CHeapCount {
    unsigned long blocks;
    unsigned long octets;
};
/// The blocks so far, for a program that this is linked into.
unsigned long CHeapCount_blocks(void);
#endif
