#ifndef C_OPENSSL_MEMORY_H
#define C_OPENSSL_MEMORY_H
/// Lets OpenSSL ask for its memory through functions that keep, for each thread, the blocks it needs for every record.
/// Must come before anything of OpenSSL is used; 0 when it came too late.
int COpenSSLMemory_install(void);
#endif
