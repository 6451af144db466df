#include "client/place.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>
#include <apr_time.h>
#include <maxminddb.h>

#include "address_kind.h"
#include "text/utf8.h"

#define LOOK_EVERY apr_time_from_sec(1)

/* What tells one file of a name from the next. */
typedef struct file_state_t {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
    int absent; /* errno of stat */
} file_state_t;

typedef struct place_file_t {
    const char *path;
    file_state_t state; /* of what was tried last */
    MMDB_s database;
    int is_open;
    const char *problem; /* not told yet */
    int lookup_failed;   /* told for this file */
} place_file_t;

struct places_t {
    place_file_t files[PLACE_FILES];
    int count;
    apr_time_t looked_at;
    apr_pool_t *problems; /* cleared when all are told */
    int told;             /* in `problems` lies what the caller was given */
};

/* ---- files ---- */

static void read_state(const char *path, file_state_t *state)
{
    struct stat info;

    memset(state, 0, sizeof(*state));
    if (stat(path, &info) != 0) {
        state->absent = errno;
        return;
    }
    state->device = info.st_dev;
    state->inode = info.st_ino;
    state->size = info.st_size;
    state->changed = info.st_mtim;
}

static int same_state(const file_state_t *one, const file_state_t *other)
{
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->changed.tv_sec == other->changed.tv_sec &&
           one->changed.tv_nsec == other->changed.tv_nsec && one->absent == other->absent;
}

static void complain(places_t *places, place_file_t *file, const char *what)
{
    file->problem = apr_psprintf(places->problems, "%s %s%s", file->path, what,
                                 file->is_open ? "; what was loaded before stays in use" : "");
}

static void complain_of_opening(places_t *places, place_file_t *file, int error)
{
    char reason[128];

    if (file->state.absent || error == MMDB_IO_ERROR || error == MMDB_FILE_OPEN_ERROR) {
        int number = file->state.absent ? file->state.absent : errno;

        complain(places, file,
                 apr_psprintf(places->problems, "cannot be read: %s",
                              apr_strerror(number, reason, sizeof(reason))));
    }
    else {
        complain(places, file,
                 apr_psprintf(places->problems, "is no MaxMind DB: %s", MMDB_strerror(error)));
    }
}

/* A file that cannot be used leaves the one before it in use. */
static void open_file(places_t *places, place_file_t *file)
{
    MMDB_s database;
    int error = file->state.absent ? MMDB_FILE_OPEN_ERROR
                                   : MMDB_open(file->path, MMDB_MODE_MMAP, &database);

    if (error != MMDB_SUCCESS) {
        complain_of_opening(places, file, error);
        return;
    }
    if (file->is_open) {
        MMDB_close(&file->database);
    }
    file->database = database;
    file->is_open = 1;
    file->lookup_failed = 0;
}

static void look(places_t *places)
{
    apr_time_t now = apr_time_now();

    if (now >= places->looked_at && now - places->looked_at < LOOK_EVERY) {
        return;
    }
    places->looked_at = now;
    for (int i = 0; i < places->count; i++) {
        place_file_t *file = &places->files[i];
        file_state_t state;

        read_state(file->path, &state);
        if (!same_state(&state, &file->state)) {
            file->state = state;
            open_file(places, file);
        }
    }
}

static apr_status_t close_files(void *data)
{
    places_t *places = data;

    for (int i = 0; i < places->count; i++) {
        if (places->files[i].is_open) {
            MMDB_close(&places->files[i].database);
        }
    }
    return APR_SUCCESS;
}

places_t *places_open(const char *const *paths, int count, apr_pool_t *pool)
{
    places_t *places = apr_pcalloc(pool, sizeof(*places));

    apr_pool_create(&places->problems, pool);
    apr_pool_cleanup_register(pool, places, close_files, apr_pool_cleanup_null);
    places->count = count < PLACE_FILES ? count : PLACE_FILES;
    for (int i = 0; i < places->count; i++) {
        place_file_t *file = &places->files[i];

        file->path = apr_pstrdup(pool, paths[i]);
        read_state(file->path, &file->state);
        open_file(places, file);
    }
    places->looked_at = apr_time_now();
    return places;
}

const char *places_problem(places_t *places)
{
    for (int i = 0; i < places->count; i++) {
        const char *problem = places->files[i].problem;

        if (problem) {
            places->files[i].problem = NULL;
            places->told = 1;
            return problem;
        }
    }
    if (places->told) {
        apr_pool_clear(places->problems);
        places->told = 0;
    }
    return NULL;
}

int places_count(const places_t *places)
{
    int count = 0;

    for (int i = 0; i < places->count; i++) {
        count += places->files[i].is_open;
    }
    return count;
}

/* ---- values ---- */

#define PATHS 3
#define STEPS 4

/* Where the kinds of files have a value: MaxMind's and DB-IP's in maps, IPinfo's in one map. Where
 * a network is registered is not where it is, so registered_country is not asked for. */
typedef const char *const value_paths_t[PATHS][STEPS];

static value_paths_t country_codes = {{"country", "iso_code"}, {"country_code"}, {NULL}};
static value_paths_t countries = {{"country", "names", "en"}, {"country_name"}, {NULL}};
static value_paths_t cities = {{"city", "names", "en"}, {"city"}, {NULL}};
static value_paths_t organisations = {{"autonomous_system_organization"},
                                      {"as_name"},
                                      {"organization"}};
static value_paths_t latitudes = {{"location", "latitude"}, {NULL}, {NULL}};
static value_paths_t longitudes = {{"location", "longitude"}, {NULL}, {NULL}};
static value_paths_t network_numbers = {{"autonomous_system_number"}, {NULL}, {NULL}};

/* 0: there is no such value of that type. */
static int get(MMDB_entry_s *entry, value_paths_t paths, apr_uint32_t type, MMDB_entry_data_s *data)
{
    for (int i = 0; i < PATHS && paths[i][0]; i++) {
        if (MMDB_aget_value(entry, data, paths[i]) == MMDB_SUCCESS && data->has_data &&
            data->type == type) {
            return 1;
        }
    }
    return 0;
}

static void get_text(MMDB_entry_s *entry, value_paths_t paths, const char **text, apr_pool_t *pool)
{
    MMDB_entry_data_s data;
    const char *repaired;
    apr_size_t length;

    if (**text || !get(entry, paths, MMDB_DATA_TYPE_UTF8_STRING, &data)) {
        return;
    }
    length = utf8_cut(data.utf8_string, data.data_size, PLACE_TEXT_MAX);
    repaired = utf8_repair(pool, data.utf8_string, length);
    *text = apr_pstrmemdup(pool, repaired, utf8_cut(repaired, strlen(repaired), PLACE_TEXT_MAX));
}

static int in_degrees(double number, double most)
{
    return number >= -most && number <= most;
}

static void get_location(place_t *place, MMDB_entry_s *entry)
{
    MMDB_entry_data_s latitude, longitude;

    if (!place->has_location && get(entry, latitudes, MMDB_DATA_TYPE_DOUBLE, &latitude) &&
        get(entry, longitudes, MMDB_DATA_TYPE_DOUBLE, &longitude) &&
        in_degrees(latitude.double_value, 90) && in_degrees(longitude.double_value, 180)) {
        place->latitude = latitude.double_value;
        place->longitude = longitude.double_value;
        place->has_location = 1;
    }
}

static void get_place(place_t *place, MMDB_entry_s *entry, apr_pool_t *pool)
{
    MMDB_entry_data_s data;

    get_text(entry, country_codes, &place->country_code, pool);
    get_text(entry, countries, &place->country, pool);
    get_text(entry, cities, &place->city, pool);
    get_text(entry, organisations, &place->organisation, pool);
    get_location(place, entry);
    if (!place->network_number && get(entry, network_numbers, MMDB_DATA_TYPE_UINT32, &data)) {
        place->network_number = data.uint32;
    }
}

static void find_in(place_t *place, places_t *places, place_file_t *file,
                    const struct sockaddr_storage *address, apr_pool_t *pool)
{
    int error;
    MMDB_lookup_result_s found =
        MMDB_lookup_sockaddr(&file->database, (const struct sockaddr *)address, &error);

    if (error == MMDB_SUCCESS) {
        if (found.found_entry) {
            get_place(place, &found.entry, pool);
        }
    }
    else if (error != MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR && !file->lookup_failed) {
        file->lookup_failed = 1;
        complain(places, file,
                 apr_psprintf(places->problems, "is broken: %s", MMDB_strerror(error)));
    }
}

void place_find(place_t *place, places_t *places, const char *text, apr_pool_t *pool)
{
    struct sockaddr_storage address;

    memset(place, 0, sizeof(*place));
    place->country_code = place->country = place->city = place->organisation = "";
    look(places);
    if (!address_read(text, &address)) {
        return;
    }
    if (address_is_private(&address)) {
        place->is_private = 1;
        place->country = PLACE_PRIVATE;
        return;
    }
    for (int i = 0; i < places->count; i++) {
        if (places->files[i].is_open) {
            find_in(place, places, &places->files[i], &address, pool);
        }
    }
}
