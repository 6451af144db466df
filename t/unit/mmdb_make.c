/* mmdb_make FILE <NETWORKS: a MaxMind DB with cities. Each line of NETWORKS is
 * "address/bits latitude longitude country city", the city being the rest of the line. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "mmdb_writer.h"

static void put_names(mmdb_t *mmdb, const char *key, const char *name)
{
    mmdb_text(mmdb, key);
    mmdb_map(mmdb, 1);
    mmdb_text(mmdb, "names");
    mmdb_map(mmdb, 1);
    mmdb_pair(mmdb, "en", name);
}

static unsigned put_place(mmdb_t *mmdb, const char *country, const char *city, double latitude,
                          double longitude)
{
    unsigned offset = mmdb_here(mmdb);

    mmdb_map(mmdb, 3);
    put_names(mmdb, "city", city);
    put_names(mmdb, "country", country);
    mmdb_text(mmdb, "location");
    mmdb_map(mmdb, 2);
    mmdb_text(mmdb, "latitude");
    mmdb_double(mmdb, latitude);
    mmdb_text(mmdb, "longitude");
    mmdb_double(mmdb, longitude);
    return offset;
}

int main(int argc, char **argv)
{
    char address[64], country[64], city[64];
    double latitude, longitude;
    const char *bytes;
    apr_size_t length;
    apr_pool_t *pool;
    mmdb_t *mmdb;
    FILE *file;
    int bits;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    mmdb = mmdb_create(pool, 6, 24);
    while (scanf(" %63[^/]/%d %lf %lf %63s %63[^\n]", address, &bits, &latitude, &longitude,
                 country, city) == 6) {
        mmdb_network(mmdb, address, bits, put_place(mmdb, country, city, latitude, longitude));
    }
    bytes = mmdb_bytes(mmdb, &length);
    file = argc == 2 ? fopen(argv[1], "wb") : NULL;
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file)) {
        perror("mmdb_make");
        return 1;
    }
    return 0;
}
