// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/decode-guard.h"

#include <string.h>

#define REFUSAL "rushes-refusal"
#define HELD    "rushes-held"

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

static GstPadProbeReturn hold(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info G_GNUC_UNUSED,
                              gpointer data G_GNUC_UNUSED)
{
    return GST_PAD_PROBE_OK; // until the probe is removed
}

// aiffparse of GStreamer 1.22 may push its first sound before decodebin has linked it; that error decodebin keeps to
// itself, and nobody would ever hear of the file again.
static void on_element(GstBin *bin, GstElement *element, gpointer data G_GNUC_UNUSED)
{
    GstElementFactory *factory = gst_element_get_factory(element);

    if (!factory || g_strcmp0(GST_OBJECT_NAME(factory), "aiffparse") != 0)
        return;
    GstPad *pad = gst_element_get_static_pad(element, "src");
    gulong probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER,
                                     hold, NULL, NULL);
    g_object_set_data(G_OBJECT(pad), HELD, GSIZE_TO_POINTER(probe));
    g_object_set_data_full(G_OBJECT(bin), HELD, pad, gst_object_unref);
}

static void on_exposed(GstElement *bin, GstPad *exposed G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    GstPad *pad = g_object_get_data(G_OBJECT(bin), HELD);

    if (!pad)
        return;
    gst_pad_remove_probe(pad, GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(pad), HELD)));
    g_object_set_data(G_OBJECT(bin), HELD, NULL);
}

void rushes_decode_guard(GstElement *pipeline)
{
    g_autoptr(GstElement) bin = gst_bin_get_by_name(GST_BIN(pipeline), "decode");

    if (!bin)
        return;
    g_signal_connect(bin, "autoplug-select", G_CALLBACK(select_element), NULL);
    g_signal_connect(bin, "element-added", G_CALLBACK(on_element), NULL);
    // After the description's own links, which wait for the same signal.
    g_signal_connect_after(bin, "pad-added", G_CALLBACK(on_exposed), NULL);
}

const char *rushes_decode_guard_refusal(GstElement *pipeline)
{
    g_autoptr(GstElement) bin = gst_bin_get_by_name(GST_BIN(pipeline), "decode");

    return bin ? g_object_get_data(G_OBJECT(bin), REFUSAL) : NULL;
}
