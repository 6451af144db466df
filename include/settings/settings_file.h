/* What managers have set, on disk: <StateDir>/settings, a JSON text with the newest version of each
 * site's settings. It is replaced whole by rename, so that a reader never sees half of it.
 *
 * A file that cannot be read is told as such, and then nothing of it counts: the floor of
 * httpd.conf holds. One that somebody wrote by hand can set nothing that the page could not. */
#ifndef SETTINGS_SETTINGS_FILE_H
#define SETTINGS_SETTINGS_FILE_H

#include "settings/settings.h"
#include "text/buffer.h"

#define SETTINGS_FILE "settings" /* within the StateDir */
#define SETTINGS_MAX_SITES 256
#define SETTINGS_MAX_RECORD (512 * 1024) /* bytes of one site's settings as JSON */
#define SETTINGS_MAX_FILE (8 * 1024 * 1024)
#define SETTINGS_FORMAT 1 /* of the file; a reader takes its own alone */

/* One version of a site's settings. Versions are ordered by time, and by node where two machines
 * made one in the same microsecond: everywhere the newest counts. */
typedef struct settings_record_t {
    const char *site;
    apr_time_t time;                    /* when it was set; 0: never */
    const char *node, *login, *session; /* where, by whom, in which session; "" if unknown */
    settings_t settings;
} settings_record_t;

/* -1, 0, 1 as strcmp. */
int settings_record_compare(const settings_record_t *left, const settings_record_t *right);

/* The record as one JSON text, also as the store carries it from machine to machine. The buffer's
 * limit must be SETTINGS_MAX_RECORD: what settings_set lets in fits. */
void settings_record_write(const settings_record_t *record, buffer_t *buffer);
/* NULL, or a sentence. On failure *record is not to be used. */
const char *settings_record_read(settings_record_t *record, const char *data, apr_size_t length,
                                 apr_pool_t *pool);

/* ---- all sites ---- */

typedef struct settings_book_t {
    apr_array_header_t *records; /* of settings_record_t, one of a site */
} settings_book_t;

/* NULL, or a sentence. The book is then empty. */
const char *settings_book_read(settings_book_t *book, const char *data, apr_size_t length,
                               apr_pool_t *pool);
/* NULL if nothing was ever set for the site. */
const settings_record_t *settings_book_find(const settings_book_t *book, const char *site);

/* Reads the file; a missing one is an empty book. APR_EINVAL: it was read and is not understood.
 * *problem is a sentence for whoever can mend it; NULL with APR_SUCCESS. Blocks on disk. */
apr_status_t settings_file_load(settings_book_t *book, const char *path, const char **problem,
                                apr_pool_t *pool);

/* Puts a record into the file, in the place of that site's if it is newer than that one, and forces
 * it to disk before it returns. A file that is not understood is replaced (the other sites'
 * settings in it counted for nothing already). expected: the time of the version that the new one
 * was made from; if the file has another one, APR_EEXIST. SETTINGS_ANY: whatever it has.
 * APR_SUCCESS also if the file has a newer one, then *stored is 0. APR_ENOSPC: SETTINGS_MAX_SITES.
 * APR_TIMEUP: another process holds the lock for SETTINGS_LOCK_WAIT. Any process and thread. Blocks
 * on disk. */
#define SETTINGS_ANY ((apr_time_t)-1)
#define SETTINGS_LOCK_WAIT apr_time_from_sec(5)
apr_status_t settings_file_store(const char *path, const settings_record_t *record,
                                 apr_time_t expected, int *stored, apr_pool_t *pool);

#endif
