/* Where an address is, by MaxMind DB files: country, city, network.
 *
 * One owner, one thread, off the request path: a lookup reads a mapped file, and at most once a
 * second the files' states are asked for, so that a file that was replaced is taken up. A file must
 * be replaced by renaming another over it, as geoipupdate does: one that is rewritten in place
 * under its map kills the process. */
#ifndef CLIENT_PLACE_H
#define CLIENT_PLACE_H

#include <apr_pools.h>

#define PLACE_FILES 4      /* city, country, network, and one of one's own */
#define PLACE_TEXT_MAX 128 /* bytes of a name; a longer one is cut */

#define PLACE_PRIVATE "private network"

/* Repaired UTF-8 in the pool that was given; "" where nothing is known. */
typedef struct place_t {
    const char *country_code;    /* ISO 3166, "DE" */
    const char *country;         /* English, "Germany"; PLACE_PRIVATE for private addresses */
    const char *city;            /* English */
    const char *organisation;    /* who runs the network */
    apr_uint32_t network_number; /* of the autonomous system; 0: not known */
    double latitude, longitude;  /* degrees, roughly; only if has_location */
    int has_location;
    int is_private; /* private, loopback, link-local, carrier-grade NAT */
} place_t;

typedef struct places_t places_t;

/* Opens what can be opened: never NULL. A file that is absent or broken is as empty, is tried again
 * when it changes, and has a sentence for places_problem. The paths are copied; those beyond
 * PLACE_FILES are passed over. Freed with the pool. */
places_t *places_open(const char *const *paths, int count, apr_pool_t *pool);

/* What is wrong with a file, each once: a sentence that is valid until the next call with these
 * places, or NULL if there is nothing more to tell. */
const char *places_problem(places_t *places);

/* How many files are open. */
int places_count(const places_t *places);

/* The address is text: IPv4, IPv6, or IPv4 in IPv6 ("::ffff:192.0.2.1"). Of several files that know
 * a value the first counts. What is no address has no place. */
void place_find(place_t *place, places_t *places, const char *address, apr_pool_t *pool);

#endif
