/* Included first into every file of the build that counts lines (script/test): a process that
 * leaves past the handlers of exit(), as the keeper does, writes down what it reached all the same.
 */
#ifndef COVERAGE_H
#define COVERAGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* as config.h has it, which comes too late for this */
#endif
#include <unistd.h>

void __gcov_dump(void);

/* A function, so that what is given as the status is done before. */
static inline void __attribute__((noreturn, unused)) coverage_exit(int status)
{
    __gcov_dump();
    _exit(status);
}

#define _exit(status) coverage_exit(status)

#endif
