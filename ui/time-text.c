// SPDX-License-Identifier: GPL-3.0-or-later
#include "time-text.h"

#include <math.h>

char *rushes_time_text_clip(double seconds)
{
    gint64 hundredths = (gint64)floor(MAX(0, seconds) * 100 + 1e-6);
    return g_strdup_printf("%d:%02d.%02d", (int)(hundredths / 6000), (int)(hundredths / 100 % 60),
                           (int)(hundredths % 100));
}

char *rushes_time_text_about(double seconds)
{
    if (seconds < 90)
        return g_strdup_printf("%d s", MAX(1, (int)lround(seconds)));
    if (seconds < 5400)
        return g_strdup_printf("%d min", (int)lround(seconds / 60));
    int minutes = (int)lround(seconds / 60);
    return g_strdup_printf("%d h %d min", minutes / 60, minutes % 60);
}

char *rushes_time_text_left(double seconds)
{
    if (seconds < 0)
        return g_strdup("");
    g_autofree char *about = rushes_time_text_about(seconds);
    return g_strdup_printf("%s left", about);
}

char *rushes_time_text_bytes(double bytes)
{
    if (bytes >= 1e8)
        return g_strdup_printf("%.1f GB", bytes / 1e9);
    if (bytes >= 1e6)
        return g_strdup_printf("%d MB", (int)lround(bytes / 1e6));
    return g_strdup_printf("%d kB", MAX(1, (int)lround(bytes / 1e3)));
}
