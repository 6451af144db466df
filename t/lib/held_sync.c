/* fsync() of a slow disk, for tests: of a file named "revoked" it takes until "revoked.hold" beside
 * it is gone. Preloaded. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "/revoked"
#define STEP 10000 /* microseconds */

static void wait_for_release(int fd)
{
    char link[64], path[PATH_MAX], hold[PATH_MAX + 8];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    if (length < (ssize_t)sizeof(NAME) - 1) {
        return;
    }
    path[length] = '\0';
    if (strcmp(path + length - (sizeof(NAME) - 1), NAME) == 0) {
        snprintf(hold, sizeof(hold), "%s.hold", path);
        while (access(hold, F_OK) == 0) {
            usleep(STEP);
        }
    }
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

    wait_for_release(fd);
    return real(fd);
}
