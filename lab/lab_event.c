#include "lab_event.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

void km_lab_event_print(const char *name, const char *format, ...)
{
	char members[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(members, sizeof(members), format, args);
	va_end(args);
	printf("{\"event\":\"%s\",\"wall_ms\":%" G_GINT64_FORMAT "%s}\n", name,
	    g_get_real_time() / 1000, members);
	fflush(stdout);
}
