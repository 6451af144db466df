/* One try to send one message. Private to the room; blocks up to the time-out. */
#ifndef ALERT_TRANSFER_H
#define ALERT_TRANSFER_H

#include "alert/delivery.h"

/* *stop is looked at every second or oftener: not 0 breaks off. */
void transfer(const delivery_config_t *config, const char *id, const char *recipient,
              const char *content, const volatile int *stop, delivery_result_t *result);

/* Once per process, before threads. */
void transfer_initialize(void);

#endif
