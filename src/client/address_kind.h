/* Addresses as numbers, and which of them belong to nobody in particular. Pure. */
#ifndef CLIENT_ADDRESS_KIND_H
#define CLIENT_ADDRESS_KIND_H

#include <netinet/in.h>
#include <sys/socket.h>

/* Reads IPv4 or IPv6 (a zone such as "%eth0" is passed over); IPv4 in IPv6 becomes IPv4. 0: it is
 * no address. */
int address_read(const char *text, struct sockaddr_storage *address);

/* 1 for loopback, private, link-local and carrier-grade NAT addresses. */
int address_is_private(const struct sockaddr_storage *address);

#endif
