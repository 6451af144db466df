/* The files of checkpoints, apart from what stands in them. */
#include "trail/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "text/durable.h"

#define SUFFIX ".checkpoint"
#define NUMBER_DIGITS 10

/* The node's name is for people who collect the files of several machines. */
static const char *file_name(const checkpoint_t *checkpoint, apr_pool_t *pool)
{
    char *name = apr_psprintf(pool, "%0*" APR_INT64_T_FMT "-%s" SUFFIX, NUMBER_DIGITS,
                              checkpoint->number, checkpoint->node);

    for (char *at = name; *at; at++) {
        if (!apr_isalnum(*at) && !strchr("._-", *at)) {
            *at = '_';
        }
    }
    return name;
}

apr_status_t checkpoint_save(const char *folder, const checkpoint_t *checkpoint, const char *text,
                             apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, folder, "/", file_name(checkpoint, pool), NULL);
    durable_file_t *file;
    apr_status_t status;

    if (mkdir(folder, S_IRWXU) == 0) {
        status = durable_sync_folder(folder, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    else if (errno != EEXIST) {
        return APR_FROM_OS_ERROR(errno);
    }
    status = durable_file_begin(&file, path, pool);
    if (status == APR_SUCCESS) {
        durable_file_write(file, text, strlen(text));
        status = durable_file_commit(file);
    }
    return status;
}

apr_status_t checkpoint_load(const char *path, checkpoint_t *checkpoint,
                             char text[CHECKPOINT_TEXT_SIZE], apr_pool_t *pool)
{
    apr_file_t *file;
    apr_size_t length = CHECKPOINT_TEXT_SIZE - 1;
    apr_status_t status =
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_OS_DEFAULT, pool);

    memset(checkpoint, 0, sizeof(*checkpoint));
    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_file_read_full(file, text, length, &length);
    apr_file_close(file);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status)) {
        return status;
    }
    text[length] = '\0';
    return strlen(text) == length ? checkpoint_read(checkpoint, text) : APR_EINVAL;
}

static int is_checkpoint(const char *name)
{
    apr_size_t length = strlen(name), suffix = sizeof(SUFFIX) - 1;

    return length > NUMBER_DIGITS + suffix && apr_isdigit(*name) &&
           strcmp(name + length - suffix, SUFFIX) == 0;
}

/* Ten digits come first, so that the greatest name has the highest number. */
static apr_status_t greatest_name(const char *folder, const char *ending, const char **greatest,
                                  apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    apr_status_t status = apr_dir_open(&dir, folder, pool);

    *greatest = NULL;
    if (status != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(status) ? APR_NOTFOUND : status;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (is_checkpoint(info.name) && strcmp(info.name + NUMBER_DIGITS, ending) == 0 &&
            (!*greatest || strcmp(info.name, *greatest) > 0)) {
            *greatest = apr_pstrdup(pool, info.name);
        }
    }
    apr_dir_close(dir);
    return *greatest ? APR_SUCCESS : APR_NOTFOUND;
}

apr_status_t checkpoint_last(const char *folder, const char *node, checkpoint_t *checkpoint,
                             char text[CHECKPOINT_TEXT_SIZE], apr_pool_t *pool)
{
    checkpoint_t wanted = {.number = 1};
    const char *name;
    apr_status_t status;

    apr_cpystrn(wanted.node, node, sizeof(wanted.node));
    status = greatest_name(folder, file_name(&wanted, pool) + NUMBER_DIGITS, &name, pool);
    if (status == APR_SUCCESS) {
        status =
            checkpoint_load(apr_pstrcat(pool, folder, "/", name, NULL), checkpoint, text, pool);
    }
    if (status == APR_SUCCESS && strcmp(checkpoint->node, node) != 0) {
        status = APR_NOTFOUND;
    }
    return status;
}
