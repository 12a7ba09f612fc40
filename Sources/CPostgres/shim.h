#ifndef SLUICE_CPOSTGRES_H
#define SLUICE_CPOSTGRES_H
#include <libpq-fe.h>
#include <stdint.h>

/* Fields of an error, which are character constants in the library's header. */
enum {
    SLUICE_POSTGRES_STATE = PG_DIAG_SQLSTATE,
    SLUICE_POSTGRES_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    SLUICE_POSTGRES_TABLE = PG_DIAG_TABLE_NAME,
    SLUICE_POSTGRES_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME
};

/* What the server has to say beside its answers: by itself the library writes it to the standard error. Here only that it ends
 * the session is kept, which comes as such a notice while nothing is asked. */
static inline void sluice_postgres_take_notice(void *context, const PGresult *result) {
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && (severity[0] == 'F' || severity[0] == 'P')) *(int32_t *)context = 1;
}

/* The flag must live as long as the connection. */
static inline void sluice_postgres_silence(PGconn *connection, int32_t *is_ended) {
    PQsetNoticeReceiver(connection, sluice_postgres_take_notice, is_ended);
}
#endif
