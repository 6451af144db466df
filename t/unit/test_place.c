/* Places of addresses, from MaxMind DB files that the tests write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "client/place.h"
#include "mmdb_writer.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;
static char folder[64];

/* ---- files ---- */

static const char *path_of(const char *name)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

static void write_at(const char *path, const char *bytes, apr_size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* As it must be done: under another name first. */
static const char *write_file(const char *name, const char *bytes, apr_size_t length)
{
    const char *new_path = path_of("new");

    write_at(new_path, bytes, length);
    assert_int_equal(rename(new_path, path_of(name)), 0);
    return path_of(name);
}

static const char *write_mmdb(const char *name, mmdb_t *mmdb)
{
    apr_size_t length;
    const char *bytes = mmdb_bytes(mmdb, &length);

    return write_file(name, bytes, length);
}

static unsigned put_country(mmdb_t *mmdb, const char *code, const char *name)
{
    unsigned offset = mmdb_here(mmdb);

    mmdb_map(mmdb, 3);
    mmdb_pair(mmdb, "iso_code", code);
    mmdb_text(mmdb, "is_in_european_union");
    mmdb_boolean(mmdb, 1);
    mmdb_text(mmdb, "names");
    mmdb_map(mmdb, 2);
    mmdb_pair(mmdb, "de", "auf deutsch");
    mmdb_pair(mmdb, "en", name);
    return offset;
}

/* A record as GeoLite2-City has it; the country stands somewhere else and is pointed to. */
static unsigned put_city(mmdb_t *mmdb, const char *city, unsigned country)
{
    unsigned offset = mmdb_here(mmdb);

    mmdb_map(mmdb, 3);
    mmdb_text(mmdb, "city");
    mmdb_map(mmdb, 2);
    mmdb_text(mmdb, "geoname_id");
    mmdb_uint32(mmdb, 2950159);
    mmdb_text(mmdb, "names");
    mmdb_map(mmdb, 1);
    mmdb_pair(mmdb, "en", city);
    mmdb_text(mmdb, "country");
    mmdb_pointer(mmdb, country);
    mmdb_text(mmdb, "location");
    mmdb_map(mmdb, 3);
    mmdb_text(mmdb, "latitude");
    mmdb_double(mmdb, 52.5);
    mmdb_text(mmdb, "longitude");
    mmdb_double(mmdb, 13.25);
    mmdb_text(mmdb, "accuracy_radius");
    mmdb_uint16(mmdb, 100);
    return offset;
}

static const char *write_cities(const char *name, int record_bits, const char *city)
{
    mmdb_t *mmdb = mmdb_create(pool, 6, record_bits);
    unsigned germany = put_country(mmdb, "DE", "Germany");
    unsigned place = put_city(mmdb, city, germany);

    mmdb_network(mmdb, "198.51.100.0", 24, place);
    mmdb_network(mmdb, "2001:db8:1::", 48, place);
    return write_mmdb(name, mmdb);
}

static const char *write_networks(void)
{
    mmdb_t *mmdb = mmdb_create(pool, 6, 24);
    unsigned place = mmdb_here(mmdb);

    mmdb_map(mmdb, 2);
    mmdb_text(mmdb, "autonomous_system_number");
    mmdb_uint32(mmdb, 64500);
    mmdb_pair(mmdb, "autonomous_system_organization", "Example Net");
    mmdb_network(mmdb, "198.51.0.0", 16, place);
    mmdb_network(mmdb, "2001:db8::", 32, place);
    return write_mmdb("asn", mmdb);
}

static places_t *open_places(const char *first, const char *second)
{
    const char *paths[2] = {first, second};

    return places_open(paths, second ? 2 : 1, pool);
}

static place_t find(places_t *places, const char *address)
{
    place_t place;

    place_find(&place, places, address, pool);
    return place;
}

static void assert_nowhere(place_t place)
{
    assert_string_equal(place.country_code, "");
    assert_string_equal(place.country, "");
    assert_string_equal(place.city, "");
    assert_string_equal(place.organisation, "");
    assert_int_equal(place.network_number, 0);
    assert_int_equal(place.is_private, 0);
}

static void assert_problem(places_t *places, const char *path, const char *expected)
{
    const char *problem = places_problem(places);

    assert_non_null(problem);
    if (!strstr(problem, path) || !strstr(problem, expected)) {
        fail_msg("\"%s\" does not say \"%s\" of %s", problem, expected, path);
    }
}

static void wait_for_a_look(void)
{
    apr_sleep(apr_time_from_msec(1050));
}

/* ---- finding ---- */

static void addresses_have_places(void **state)
{
    static const int record_bits[] = {24, 28, 32};
    static const char *const addresses[] = {"198.51.100.7", "2001:db8:1::7", "::ffff:198.51.100.7"};

    (void)state;
    for (size_t i = 0; i < COUNT(record_bits); i++) {
        places_t *places =
            open_places(write_cities("city", record_bits[i], "Berlin"), write_networks());

        assert_int_equal(places_count(places), 2);
        for (size_t j = 0; j < COUNT(addresses); j++) {
            place_t place = find(places, addresses[j]);

            assert_string_equal(place.country_code, "DE");
            assert_string_equal(place.country, "Germany");
            assert_string_equal(place.city, "Berlin");
            assert_string_equal(place.organisation, "Example Net");
            assert_int_equal(place.network_number, 64500);
            assert_int_equal(place.is_private, 0);
            assert_true(place.has_location && place.latitude == 52.5 && place.longitude == 13.25);
        }
        assert_null(places_problem(places));
    }
}

static void what_no_record_covers_is_nowhere(void **state)
{
    static const char *const addresses[] = {
        "198.51.99.1",    "203.0.113.1",
        "2001:db9::1",    "",
        "198.51.100",     "nonsense",
        "198.51.100.7 x", "1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:9:1"};
    places_t *places = open_places(write_cities("city", 28, "Berlin"), NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        assert_nowhere(find(places, addresses[i]));
    }
    assert_null(places_problem(places));
}

static void private_addresses_are_called_so(void **state)
{
    static const char *const inside[] = {
        "10.0.0.1",       "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "127.0.0.1",      "169.254.1.1",    "100.64.0.1", "100.127.0.1",    "::1",
        "fd00::1",        "fc00::1",        "fe80::1",    "fe80::1%eth0",   "febf::1",
        "::ffff:10.1.2.3"};
    static const char *const outside[] = {"11.0.0.1",    "172.15.0.1",  "172.32.0.1",
                                          "192.169.0.1", "128.0.0.1",   "169.253.1.1",
                                          "100.63.0.1",  "100.128.0.1", "::2",
                                          "fe00::1",     "fec0::1",     "::ffff:11.1.2.3"};
    places_t *places = places_open(NULL, 0, pool);

    (void)state;
    for (size_t i = 0; i < COUNT(inside); i++) {
        place_t place = find(places, inside[i]);

        assert_int_equal(place.is_private, 1);
        assert_string_equal(place.country, PLACE_PRIVATE);
        assert_string_equal(place.country_code, "");
    }
    for (size_t i = 0; i < COUNT(outside); i++) {
        assert_nowhere(find(places, outside[i]));
    }
}

static void a_tree_of_ipv4_knows_no_ipv6(void **state)
{
    mmdb_t *mmdb = mmdb_create(pool, 4, 24);
    places_t *places;

    (void)state;
    mmdb_network(mmdb, "198.51.100.0", 24, put_city(mmdb, "Bonn", put_country(mmdb, "DE", "x")));
    places = open_places(write_mmdb("ipv4", mmdb), NULL);
    assert_nowhere(find(places, "2001:db8:1::7"));
    assert_null(places_problem(places));
}

static void the_first_file_that_knows_counts(void **state)
{
    mmdb_t *mmdb = mmdb_create(pool, 4, 32);
    unsigned flat = mmdb_here(mmdb);
    place_t place;

    (void)state;
    mmdb_map(mmdb, 4);
    mmdb_pair(mmdb, "city", "Elsewhere");
    mmdb_pair(mmdb, "country_code", "XX");
    mmdb_pair(mmdb, "country_name", "Nowhere");
    mmdb_pair(mmdb, "as_name", "Flat Net");
    mmdb_network(mmdb, "198.51.0.0", 16, flat);
    place = find(open_places(write_cities("city", 24, "Berlin"), write_mmdb("flat", mmdb)),
                 "198.51.100.7");
    assert_string_equal(place.city, "Berlin");
    assert_string_equal(place.country_code, "DE");
    assert_string_equal(place.organisation, "Flat Net");
    place = find(open_places(path_of("flat"), path_of("city")), "198.51.100.7");
    assert_string_equal(place.city, "Elsewhere");
    assert_string_equal(place.country, "Nowhere");
}

/* ---- records that are not as expected ---- */

static void values_of_other_types_are_none(void **state)
{
    mmdb_t *mmdb = mmdb_create(pool, 4, 24);
    unsigned wrong = mmdb_here(mmdb), text, list;
    places_t *places;

    (void)state;
    mmdb_map(mmdb, 4);
    mmdb_text(mmdb, "city");
    mmdb_uint64(mmdb, 7);
    mmdb_text(mmdb, "country");
    mmdb_list(mmdb, 1);
    mmdb_text(mmdb, "DE");
    mmdb_pair(mmdb, "autonomous_system_number", "7");
    mmdb_text(mmdb, "autonomous_system_organization");
    mmdb_boolean(mmdb, 1);
    text = mmdb_here(mmdb);
    mmdb_text(mmdb, "no map");
    list = mmdb_here(mmdb);
    mmdb_list(mmdb, 0);
    mmdb_network(mmdb, "198.51.100.0", 26, wrong);
    mmdb_network(mmdb, "198.51.100.64", 26, text);
    mmdb_network(mmdb, "198.51.100.128", 26, list);
    places = open_places(write_mmdb("wrong", mmdb), NULL);
    assert_int_equal(places_count(places), 1);
    assert_nowhere(find(places, "198.51.100.7"));
    assert_nowhere(find(places, "198.51.100.77"));
    assert_nowhere(find(places, "198.51.100.177"));
}

static void names_are_repaired_and_cut(void **state)
{
    char long_name[400];
    places_t *places;
    place_t place;

    (void)state;
    memset(long_name, 'x', sizeof(long_name));
    memcpy(long_name + PLACE_TEXT_MAX - 1, "\xc3\xa9", 2);
    long_name[sizeof(long_name) - 1] = '\0';
    places = open_places(write_cities("city", 24, long_name), NULL);
    assert_int_equal(strlen(find(places, "198.51.100.7").city), PLACE_TEXT_MAX - 1);
    places = open_places(write_cities("city", 24, "K\xf6ln"), NULL);
    place = find(places, "198.51.100.7");
    assert_string_equal(place.city, "K\xef\xbf\xbdln");
}

/* ---- files that are not as expected ---- */

static void an_absent_file_is_empty_until_it_comes(void **state)
{
    const char *path = path_of("later");
    places_t *places = open_places(path, NULL);

    (void)state;
    assert_problem(places, path, "cannot be read: No such file");
    assert_null(places_problem(places));
    assert_nowhere(find(places, "198.51.100.7"));
    write_cities("later", 24, "Berlin");
    wait_for_a_look();
    assert_string_equal(find(places, "198.51.100.7").city, "Berlin");
    assert_null(places_problem(places));
}

static void a_file_that_is_none_is_told_once(void **state)
{
    static const char *const contents[] = {"", "no database", "\xab\xcd\xefMaxMind.com",
                                           "\xab\xcd\xefMaxMind.com\xe1\x41x\x41y"};

    (void)state;
    for (size_t i = 0; i < COUNT(contents); i++) {
        const char *path = write_file("none", contents[i], strlen(contents[i]));
        places_t *places = open_places(path, NULL);

        assert_int_equal(places_count(places), 0);
        assert_problem(places, path, "");
        assert_null(places_problem(places));
        assert_nowhere(find(places, "198.51.100.7"));
        assert_null(places_problem(places));
    }
}

static void a_broken_tree_is_told_once(void **state)
{
    mmdb_t *mmdb = mmdb_create(pool, 4, 24);
    const char *path;
    places_t *places;

    (void)state;
    mmdb_network(mmdb, "198.51.100.0", 24, 60000); /* behind the end of the file */
    path = write_mmdb("broken", mmdb);
    places = open_places(path, NULL);
    assert_nowhere(find(places, "198.51.100.7"));
    assert_problem(places, path, "is broken");
    assert_nowhere(find(places, "198.51.100.7"));
    assert_null(places_problem(places));
}

/* Whatever is cut off or altered: no crash, and a place or none. */
static void damage_is_survived(void **state)
{
    mmdb_t *mmdb = mmdb_create(pool, 4, 24);
    apr_size_t length;
    const char *bytes;

    (void)state;
    mmdb_network(mmdb, "198.51.100.0", 24, put_city(mmdb, "Berlin", put_country(mmdb, "DE", "x")));
    bytes = mmdb_bytes(mmdb, &length);
    for (apr_size_t i = 0; i < length; i++) {
        apr_pool_t *parent = pool;
        char *damaged;

        apr_pool_create(&pool, parent);
        find(open_places(write_file("cut", bytes, i), NULL), "198.51.100.7");
        damaged = apr_pmemdup(pool, bytes, length);
        damaged[i] = (char)~damaged[i];
        find(open_places(write_file("altered", damaged, length), NULL), "198.51.100.7");
        apr_pool_destroy(pool);
        pool = parent;
    }
}

static void a_file_that_is_replaced_is_taken_up(void **state)
{
    const char *path = write_cities("city", 24, "Berlin");
    places_t *places = open_places(path, NULL);

    (void)state;
    assert_string_equal(find(places, "198.51.100.7").city, "Berlin");
    write_cities("city", 32, "Ghent");
    wait_for_a_look();
    assert_string_equal(find(places, "198.51.100.7").city, "Ghent");
    write_file("city", "rubbish", 7);
    wait_for_a_look();
    assert_string_equal(find(places, "198.51.100.7").city, "Ghent");
    assert_problem(places, path, "what was loaded before stays in use");
    assert_int_equal(unlink(path), 0);
    wait_for_a_look();
    assert_string_equal(find(places, "198.51.100.7").city, "Ghent");
    assert_problem(places, path, "cannot be read");
    wait_for_a_look();
    find(places, "198.51.100.7");
    assert_null(places_problem(places));
    assert_int_equal(places_count(places), 1);
}

static void files_beyond_the_limit_are_passed_over(void **state)
{
    const char *paths[PLACE_FILES + 1];

    (void)state;
    for (int i = 0; i <= PLACE_FILES; i++) {
        paths[i] = write_cities("city", 24, "Berlin");
    }
    assert_int_equal(places_count(places_open(paths, PLACE_FILES + 1, pool)), PLACE_FILES);
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    strcpy(folder, "/tmp/test_place.XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"new",   "city",   "asn", "ipv4",    "flat", "wrong",
                                        "later", "broken", "cut", "altered", "none"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        unlink(path_of(names[i]));
    }
    apr_pool_destroy(pool);
    return rmdir(folder);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_have_places),
        TEST(what_no_record_covers_is_nowhere),
        TEST(private_addresses_are_called_so),
        TEST(a_tree_of_ipv4_knows_no_ipv6),
        TEST(the_first_file_that_knows_counts),
        TEST(values_of_other_types_are_none),
        TEST(names_are_repaired_and_cut),
        TEST(an_absent_file_is_empty_until_it_comes),
        TEST(a_file_that_is_none_is_told_once),
        TEST(a_broken_tree_is_told_once),
        TEST(damage_is_survived),
        TEST(a_file_that_is_replaced_is_taken_up),
        TEST(files_beyond_the_limit_are_passed_over),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
