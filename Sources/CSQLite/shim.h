#ifndef SLUICE_CSQLITE_H
#define SLUICE_CSQLITE_H
#include <sqlite3.h>
#include <stdint.h>

/* SQLITE_TRANSIENT is a cast that Swift cannot import: SQLite copies the bytes before these return.
 * No address means empty, which SQLite itself would take for NULL. */
static inline int sluice_sqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
    return sqlite3_bind_text64(statement, index, bytes ? (const char *)bytes : "", length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int sluice_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", length, SQLITE_TRANSIENT);
}

/* The same without a copy (SQLITE_STATIC): the bytes must stay until the statement is reset or bound anew. */
static inline int sluice_sqlite_lend_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", length, SQLITE_STATIC);
}

/* Reads of the database file through the connection's own descriptor. Opening the file a second time would do harm: closing any
 * descriptor of a file gives up all POSIX locks that the process holds on it, those of other connections among them. */
static inline int sluice_sqlite_file_size(sqlite3 *connection, int64_t *size) {
    sqlite3_file *file = 0;
    sqlite3_int64 bytes = 0;
    int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK) return code;
    if (!file || !file->pMethods) return SQLITE_CANTOPEN;
    code = file->pMethods->xFileSize(file, &bytes);
    *size = bytes;
    return code;
}

static inline int sluice_sqlite_file_read(sqlite3 *connection, void *bytes, int length, int64_t offset) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK) return code;
    if (!file || !file->pMethods) return SQLITE_CANTOPEN;
    return file->pMethods->xRead(file, bytes, length, offset);
}
/* Before the first connection: SQLite keeps no statistics of its memory, which would cost a lock for each allocation. */
static inline int sluice_sqlite_configure(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
#endif
