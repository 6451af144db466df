/* Open websockets of this child. A tunnel outlives the gate's decision by hours, so when a session
 * ends its client sockets are shut down; mod_proxy's tunnel then ends by itself. */
#include <httpd.h>

#include <http_core.h>

#include <apr_network_io.h>
#include <apr_ring.h>
#include <apr_thread_mutex.h>

#include "httpd/exchange.h"
#include "httpd/limits.h"
#include "httpd/runtime.h"

typedef struct tunnel_t {
    APR_RING_ENTRY(tunnel_t) link;
    const site_t *site;
    fingerprint_t fingerprint;
    apr_socket_t *socket;
} tunnel_t;

APR_RING_HEAD(tunnel_ring, tunnel_t);

static struct tunnel_ring tunnels; /* guarded by lock */
static apr_thread_mutex_t *lock;

void tunnel_child_init(apr_pool_t *pool)
{
    APR_RING_INIT(&tunnels, tunnel_t, link);
    if (apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        lock = NULL;
    }
}

static apr_status_t forget(void *data)
{
    tunnel_t *tunnel = data;

    apr_thread_mutex_lock(lock);
    APR_RING_REMOVE(tunnel, link);
    apr_thread_mutex_unlock(lock);
    return APR_SUCCESS;
}

void tunnel_note(exchange_t *exchange)
{
    request_rec *request = exchange->request;
    conn_rec *connection =
        request->connection->master ? request->connection->master : request->connection;
    tunnel_t *tunnel;

    if (!lock || !exchange->cookie) {
        return;
    }
    tunnel = apr_pcalloc(request->pool, sizeof(*tunnel));
    tunnel->site = exchange->site;
    tunnel->fingerprint = exchange->fingerprint;
    tunnel->socket = ap_get_conn_socket(connection);
    if (!tunnel->socket) {
        return;
    }
    apr_thread_mutex_lock(lock);
    APR_RING_INSERT_TAIL(&tunnels, tunnel, tunnel_t, link);
    apr_thread_mutex_unlock(lock);
    /* Before the socket can be closed: the request's pool goes before its connection's. */
    apr_pool_pre_cleanup_register(request->pool, tunnel, forget);
}

static int is_over(const tunnel_t *tunnel)
{
    session_table_t *sessions = runtime()->sessions;
    session_t session;

    return session_table_superseded(sessions) ||
           (session_table_find(sessions, &tunnel->fingerprint, &session) == APR_SUCCESS &&
            limits_refuse(tunnel->site, &session));
}

/* Shutting down is all that another thread may do to a connection; its owner closes it. */
void tunnel_cut_refused(void)
{
    if (!lock) {
        return;
    }
    apr_thread_mutex_lock(lock);
    for (tunnel_t *tunnel = APR_RING_FIRST(&tunnels);
         tunnel != APR_RING_SENTINEL(&tunnels, tunnel_t, link);
         tunnel = APR_RING_NEXT(tunnel, link)) {
        if (is_over(tunnel)) {
            apr_socket_shutdown(tunnel->socket, APR_SHUTDOWN_READWRITE);
        }
    }
    apr_thread_mutex_unlock(lock);
}
