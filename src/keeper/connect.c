#include "keeper_state.h"

apr_status_t keeper_connect(keeper_t *keeper)
{
    apr_status_t status;

    if (keeper->store) {
        return APR_SUCCESS;
    }
    status = database_open(keeper);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = checkpoint_compare(keeper);
    if (status == APR_SUCCESS) {
        status = forward_connected(keeper);
    }
    if (status == APR_SUCCESS) {
        database_opened(keeper);
    }
    else if (keeper->store) {
        database_failed(keeper, status);
    }
    return status;
}
