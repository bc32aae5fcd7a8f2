/*
 * The tables of guard.db, as steps: each brings the schema of the version before it up to date.
 */
#ifndef KM_GUARD_SCHEMA_H
#define KM_GUARD_SCHEMA_H

#define KM_SCHEMA_VERSION      9
#define KM_SCHEMA_VERSION_TEXT "9"

/* SQL of step n, which leads from version n to n + 1. A step that was released never changes. */
extern const char *const km_schema_steps[KM_SCHEMA_VERSION];

#endif
