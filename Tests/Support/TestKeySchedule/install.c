// Tests of all suites share a process and begin in any order, and the key schedule has to be there before the first
// handshake of any.
#include "TestKeySchedule.h"
#include "COpenSSLKeySchedule.h"

static int is_installed;

__attribute__((constructor)) static void install(void) { is_installed = COpenSSLKeySchedule_install(); }

int TestKeySchedule_is_installed(void) { return is_installed; }
