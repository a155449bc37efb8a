// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "export/exporter.h"

static const RushesExportPreset presets[] = {
    {"web", "Web", "MP4, H.264 and AAC, plays everywhere", RUSHES_CONTAINER_MP4, 18, NULL, 0,
     FALSE},
    {"vertical", "Share vertical", "MP4, 9:16, 720 pixels wide, sound at -14 LUFS",
     RUSHES_CONTAINER_MP4, 18, "9:16", 720, TRUE},
    {"square", "Share square", "MP4, 1:1, 720 pixels, sound at -14 LUFS", RUSHES_CONTAINER_MP4, 18,
     "1:1", 720, TRUE},
    {"wide", "Share wide", "MP4, 16:9, 720 lines, sound at -14 LUFS", RUSHES_CONTAINER_MP4, 18,
     "16:9", 720, TRUE},
    {"webm", "WebM", "VP9 and Opus, free formats", RUSHES_CONTAINER_WEBM, 22, NULL, 0, FALSE},
    {"av1", "WebM AV1", "AV1 and Opus, smallest, slow to make", RUSHES_CONTAINER_WEBM_AV1, 26, NULL,
     0, FALSE},
    {"archive", "Archive", "Matroska, FFV1 and FLAC, nothing lost", RUSHES_CONTAINER_MKV, 0, NULL,
     0, FALSE},
    {"gif", "GIF", "looping picture without sound", RUSHES_CONTAINER_GIF, 0, NULL, 0, FALSE},
    {"png", "Pictures", "a folder of numbered PNG files", RUSHES_CONTAINER_PNG, 0, NULL, 0, FALSE},
    {"wav", "Sound", "WAV, 48 kHz, 16 bits", RUSHES_CONTAINER_WAV, 0, NULL, 0, FALSE},
};

const RushesExportPreset *rushes_export_preset_at(guint index)
{
    return index < G_N_ELEMENTS(presets) ? &presets[index] : NULL;
}

const RushesExportPreset *rushes_export_preset(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(presets); i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}
