#ifndef TEST_KEY_SCHEDULE_H
#define TEST_KEY_SCHEDULE_H
/// Whether OpenSSL has taken the key schedule.
int TestKeySchedule_is_installed(void);
#endif
