/* Internet addresses as keys that sort, so that a network is a range of keys: "4" and 8 hex digits
 * or "6" and 32; an IPv4 address mapped into IPv6 is that IPv4 address. Pure. */
#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include <apr_errno.h>

#define ADDRESS_KEY_SIZE 34

/* APR_EINVAL if the text is no address. */
apr_status_t address_key(const char *text, char key[ADDRESS_KEY_SIZE]);

/* First and last key of an address or of a network such as 10.0.0.0/8 or 2001:db8::/32; bits behind
 * the prefix do not matter. APR_EINVAL if it is neither. */
apr_status_t address_range(const char *text, char first[ADDRESS_KEY_SIZE],
                           char last[ADDRESS_KEY_SIZE]);

#endif
