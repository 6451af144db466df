/* What kind of device it is, by the rules of Python's user-agents package. */
#ifndef CLIENT_DEVICE_KIND_H
#define CLIENT_DEVICE_KIND_H

#include "client/user_agent.h"

/* Sets the is_ members from the others. */
void device_kind_set(user_agent_t *agent);

#endif
