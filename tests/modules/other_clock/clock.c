/* Loaded before the C library: a wall clock that is OTHER_CLOCK_SECONDS off. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    const char *offset = getenv("OTHER_CLOCK_SECONDS");
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && offset)
        time->tv_sec += atol(offset);
    return result;
}
