/* Internet addresses as keys that sort, so that a network is a range of keys: "4" and 8 hex digits
 * or "6" and 32; an IPv4 address mapped into IPv6 is that IPv4 address. Pure. */
#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include <apr_errno.h>
#include <apr_pools.h>

#define ADDRESS_KEY_SIZE 34

/* APR_EINVAL if the text is no address. */
apr_status_t address_key(const char *text, char key[ADDRESS_KEY_SIZE]);

/* First and last key of an address or of a network such as 10.0.0.0/8 or 2001:db8::/32; bits behind
 * the prefix do not matter. APR_EINVAL if it is neither. */
apr_status_t address_range(const char *text, char first[ADDRESS_KEY_SIZE],
                           char last[ADDRESS_KEY_SIZE]);

/* The networks that events are found by are prefixes of keys: the family, each four bits of an IPv4
 * address, each four bits of an IPv6 address from /20 to /64, then the whole key. So a network is
 * made of at most eight, unless it is wider than that.
 * Gives the prefix number `level` of a key and 1, or 0 if there are no more. */
int address_network(const char *key, int level, char network[ADDRESS_KEY_SIZE]);

#define ADDRESS_MAX_NETWORKS 256

/* The networks that a range from address_range consists of, NULL-terminated, or those that it lies
 * in; *exact tells which. */
const char *const *address_networks(const char *first, const char *last, int *exact,
                                    apr_pool_t *pool);

#endif
