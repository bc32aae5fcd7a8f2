/*
 * Calls that this project does not make. meson includes this header in front of every source; a
 * use is then a compile error that names what to write instead.
 */
#ifndef KM_BASE_BANNED_H
#define KM_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KM_BANNED(instead) __attribute__((deprecated("banned here: " instead)))

/* The analysers would report these as declared twice, which they are. */
#ifndef __clang_analyzer__

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
char *strcpy(char *to, const char *from) KM_BANNED("use km_bytes_copy_text or snprintf");
char *strcat(char *to, const char *from) KM_BANNED("use km_buf_add_text");
char *strncpy(char *to, const char *from, size_t size) KM_BANNED("use km_bytes_copy_text");
char *strncat(char *to, const char *from, size_t size) KM_BANNED("use km_buf_add");
int sprintf(char *to, const char *format, ...) KM_BANNED("use snprintf");
int vsprintf(char *to, const char *format, va_list args) KM_BANNED("use vsnprintf");
char *strtok(char *text, const char *separators) KM_BANNED("use km_bytes_split");
int atoi(const char *text) KM_BANNED("use km_bytes_parse_u32");
long atol(const char *text) KM_BANNED("use km_bytes_parse_u64");
long long atoll(const char *text) KM_BANNED("use km_bytes_parse_u64");
int system(const char *command) KM_BANNED("no shell: fork and exec with an argument list");
FILE *popen(const char *command, const char *mode) KM_BANNED("no shell: fork and exec");
int rand(void) KM_BANNED("use km_random_fill");
struct tm *localtime(const time_t *seconds) KM_BANNED("use km_time_write; times are UTC");
struct tm *gmtime(const time_t *seconds) KM_BANNED("use km_time_write");
char *ctime(const time_t *seconds) KM_BANNED("use km_time_write");
char *mktemp(char *template) KM_BANNED("use mkstemp or O_TMPFILE");
#pragma GCC diagnostic pop

#endif

#endif
