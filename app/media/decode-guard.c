// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/decode-guard.h"

#include <string.h>

#define REFUSAL "rushes-refusal"

// decodebin's own enumeration of answers, which no header has.
typedef enum Answer { ANSWER_TRY, ANSWER_EXPOSE, ANSWER_SKIP } Answer;

static gboolean is_too_large(GstCaps *caps)
{
    const GstStructure *first = gst_caps_get_size(caps) ? gst_caps_get_structure(caps, 0) : NULL;
    int width = 0, height = 0;

    if (!first || !gst_structure_get_int(first, "width", &width) ||
        !gst_structure_get_int(first, "height", &height))
        return FALSE;
    return width > RUSHES_MOST_SIDE || height > RUSHES_MOST_SIDE ||
           (gint64)width * height > RUSHES_MOST_PIXELS;
}

// Asked for every element that decodebin wants to put in, with what the file says of the stream. Streaming thread.
static Answer select_element(GstElement *bin, GstPad *pad G_GNUC_UNUSED, GstCaps *caps,
                             GstElementFactory *factory, gpointer data G_GNUC_UNUSED)
{
    const char *kind = gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS);
    const char *refusal = NULL;

    if (kind && (strstr(kind, "Adaptive") || strstr(kind, "Network")))
        refusal = "it only names other places to fetch from; choose the sound or film itself";
    else if (is_too_large(caps))
        refusal = "its pictures are larger than 16384 pixels on a side or 67 million in all; make "
                  "it smaller first";
    if (!refusal)
        return ANSWER_TRY;
    g_object_set_data(G_OBJECT(bin), REFUSAL, (gpointer)refusal);
    return ANSWER_SKIP;
}

void rushes_decode_guard(GstElement *pipeline)
{
    g_autoptr(GstElement) bin = gst_bin_get_by_name(GST_BIN(pipeline), "decode");

    if (bin)
        g_signal_connect(bin, "autoplug-select", G_CALLBACK(select_element), NULL);
}

const char *rushes_decode_guard_refusal(GstElement *pipeline)
{
    g_autoptr(GstElement) bin = gst_bin_get_by_name(GST_BIN(pipeline), "decode");

    return bin ? g_object_get_data(G_OBJECT(bin), REFUSAL) : NULL;
}
