#ifndef C_MALLOC_COUNT_H
#define C_MALLOC_COUNT_H
/// Heap blocks that the calling thread has asked for since it began.
unsigned long CMallocCount_thread(void);
#endif
