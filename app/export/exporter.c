// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/exporter.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "export/export-output.h"
#include "export/export-target.h"
#include "export/loudness.h"
#include "provenance/signer.h"
#include "remove-tree.h"

// The first ones fill the encoder and go by faster than the rest.
#define FRAMES_BEFORE_ETA 12
#define QUIETER_UNSAID    0.5   // LU that nobody hears
#define PAUSE_LOOK        20000 // microseconds between two looks whether the writing may go on

struct _RushesExporter {
    GObject parent_instance;

    RushesFrameSource *source;
    char *path;
    RushesExportOptions options; // strings owned
    GArray *ingredients;         // RushesIngredient, strings owned
    GArray *marks;               // RushesMarkSpan
    GError *unstamped;           // why there is no time stamp
    GString *notice;             // what the creator has to know of the finished file
    GMainContext *context;

    GMutex lock; // guards the four below, written by the worker thread but for the last
    double fraction;
    double eta;
    const char *phase;
    gboolean paused;
    gint64 started; // the present phase, less the time that it was held; monotonic microseconds
};

enum { PROP_FRACTION = 1, PROP_ETA, PROP_PHASE, PROP_COUNT };
static GParamSpec *properties[PROP_COUNT];

G_DEFINE_FINAL_TYPE(RushesExporter, rushes_exporter, G_TYPE_OBJECT)

// ---- progress ----
static gboolean notify_progress(gpointer data)
{
    g_object_notify_by_pspec(data, properties[PROP_PHASE]);
    g_object_notify_by_pspec(data, properties[PROP_FRACTION]);
    g_object_notify_by_pspec(data, properties[PROP_ETA]);
    return G_SOURCE_REMOVE;
}

static void tell(RushesExporter *self)
{
    if (self->context)
        g_main_context_invoke_full(self->context, G_PRIORITY_DEFAULT, notify_progress,
                                   g_object_ref(self), g_object_unref);
}

static void begin_phase(RushesExporter *self, const char *phase)
{
    g_mutex_lock(&self->lock);
    self->phase = phase;
    self->eta = -1.0; // nothing is known of the new phase
    self->started = g_get_monotonic_time();
    g_mutex_unlock(&self->lock);
    tell(self);
}

// Frames take nearly all of the time, and about the same each: what is left follows from those of this phase alone.
static void set_progress(RushesExporter *self, int done, int of)
{
    double elapsed = (double)(g_get_monotonic_time() - self->started) / G_USEC_PER_SEC;

    g_mutex_lock(&self->lock);
    self->fraction = 0.98 * done / of;
    self->eta = done >= MIN(of, FRAMES_BEFORE_ETA) ? elapsed / done * (of - done) : -1.0;
    g_mutex_unlock(&self->lock);
    tell(self);
}

void rushes_exporter_set_paused(RushesExporter *self, gboolean paused)
{
    g_mutex_lock(&self->lock);
    self->paused = paused;
    g_mutex_unlock(&self->lock);
}

static gboolean is_paused(RushesExporter *self)
{
    g_mutex_lock(&self->lock);
    gboolean paused = self->paused;
    g_mutex_unlock(&self->lock);
    return paused;
}

// Waits while the export is held.
static void wait_while_paused(RushesExporter *self, GCancellable *cancellable)
{
    const char *phase = rushes_exporter_get_phase(self);
    double eta = rushes_exporter_get_eta(self);
    gint64 worked = g_get_monotonic_time() - self->started;

    if (!is_paused(self))
        return;
    begin_phase(self, "Paused");
    while (is_paused(self) && !g_cancellable_is_cancelled(cancellable))
        g_usleep(PAUSE_LOOK);
    begin_phase(self, phase);
    g_mutex_lock(&self->lock);
    self->started -= worked; // the time left follows from the time that was worked
    self->eta = eta;
    g_mutex_unlock(&self->lock);
}

const char *rushes_exporter_get_phase(RushesExporter *self)
{
    g_mutex_lock(&self->lock);
    const char *phase = self->phase;
    g_mutex_unlock(&self->lock);
    return phase;
}

const char *rushes_exporter_get_notice(RushesExporter *self)
{
    return self->notice->len ? self->notice->str : NULL;
}

double rushes_exporter_get_fraction(RushesExporter *self)
{
    g_mutex_lock(&self->lock);
    double fraction = self->fraction;
    g_mutex_unlock(&self->lock);
    return fraction;
}

double rushes_exporter_get_eta(RushesExporter *self)
{
    g_mutex_lock(&self->lock);
    double eta = self->eta;
    g_mutex_unlock(&self->lock);
    return eta;
}

static G_GNUC_PRINTF(2, 3) void notice(RushesExporter *self, const char *format, ...)
{
    va_list arguments;

    if (self->notice->len)
        g_string_append_c(self->notice, ' ');
    va_start(arguments, format);
    g_string_append_vprintf(self->notice, format, arguments);
    va_end(arguments);
}

// ---- encoding ----
static RushesPictureMarks *make_marks(RushesExporter *self, const RushesFrameFormat *format)
{
    return rushes_picture_marks_new(format->width, format->height, format->fps,
                                    (const RushesMarkSpan *)(const void *)self->marks->data,
                                    self->marks->len, self->options.visible_mark);
}

static gboolean encode(RushesExporter *self, RushesExportOutput *out, GCancellable *cancellable,
                       GError **error)
{
    RushesFrameFormat format;
    gboolean has_video = rushes_container_has_video(self->options.container);

    rushes_frame_source_get_format(self->source, &format);
    g_autoptr(RushesPictureMarks) marks = make_marks(self, &format);
    gboolean has_sound = rushes_container_has_sound(self->options.container) && format.rate > 0;
    g_autoptr(RushesLimiter) limiter = NULL;
    if (has_sound && self->options.normalise) {
        RushesLoudnessPlan plan;
        begin_phase(self, "Measuring the sound");
        if (!rushes_loudness_plan(self->source, &plan, cancellable, error))
            return FALSE;
        limiter = rushes_limiter_new(self->source, plan.gain);
        if (plan.reached < -RUSHES_LOUDNESS_TARGET - QUIETER_UNSAID)
            notice(self,
                   "The sound is at %.1f LUFS and not at -14: its highest peaks would have to be "
                   "turned down by more than %.0f dB, which is heard; bring the loudest sound down "
                   "a little and export again.",
                   plan.reached, RUSHES_LIMIT_MOST);
    }
    begin_phase(self, has_video ? "Writing frames" : "Writing sound");
    for (int i = 0; i < format.frames; i++) {
        wait_while_paused(self, cancellable);
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        g_autoptr(GBytes) picture = NULL;
        if (has_video) {
            picture = rushes_frame_source_read_frame(self->source, i, error);
            if (!picture)
                return FALSE;
            picture = rushes_picture_marks_apply(marks, i, g_steal_pointer(&picture));
        }
        // A container without pictures counts its frames all the same: its length comes from them.
        if (!rushes_export_output_add_frame(out, picture ? g_bytes_get_data(picture, NULL) : NULL,
                                            error) ||
            (has_sound &&
             !rushes_export_output_add_sound(out, self->source, &format, i, limiter, error)))
            return FALSE;
        set_progress(self, i + 1, format.frames);
    }
    begin_phase(self, "Closing the file");
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static gboolean sign(RushesExporter *self, const char *path, GError **error)
{
    const RushesExportOptions *options = &self->options;
    RushesClaim claim = {
        .title = options->title,
        .recipe_json = options->recipe,
        .is_composite = options->composite,
        .is_watermarked = self->marks->len > 0 && rushes_container_has_video(options->container),
        .is_labelled = options->visible_mark && rushes_container_has_video(options->container),
        .edits = options->edits,
        .ingredients = (const RushesIngredient *)(const void *)self->ingredients->data,
        .ingredient_count = self->ingredients->len,
        .time_stamp_url = options->time_stamp_url,
        .unstamped = &self->unstamped,
    };
    g_autoptr(RushesIdentity) identity = rushes_signer_open(
        options->identity_folder, options->signer ? options->signer : "Rushes creator", error);

    if (!identity)
        return FALSE;
    gboolean done = options->container == RUSHES_CONTAINER_MP4
                        ? rushes_credentials_sign(path, identity, &claim, error)
                        : rushes_credentials_sign_beside(path, identity, &claim, error);
    if (done && self->unstamped && options->time_stamp_required) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s The file was to be time-stamped or not made at all: try again, or allow it "
                    "without a stamp.",
                    self->unstamped->message);
        return FALSE;
    }
    if (done && self->unstamped)
        notice(self, "%s The file is signed, but without a time stamp.", self->unstamped->message);
    return done;
}

static gboolean write_all(RushesExporter *self, const char *hidden, const RushesFrameFormat *format,
                          GCancellable *cancellable, GError **error)
{
    const RushesExportInputs *inputs = self->options.inputs;
    RushesExportOutput out = {0};

    begin_phase(self, "Checking the takes");
    gboolean done = (!inputs || rushes_export_inputs_prove(inputs, cancellable, error)) &&
                    rushes_export_output_open(&out, hidden, &self->options, format, error) &&
                    encode(self, &out, cancellable, error) &&
                    rushes_export_output_finish(&out, error) &&
                    (!inputs || rushes_export_inputs_check(inputs, error));
    rushes_export_output_clear(&out);
    // Numbered pictures have no place for one manifest; every other kind is signed, inside or beside.
    if (done && self->options.identity_folder && self->options.container != RUSHES_CONTAINER_PNG) {
        begin_phase(self, "Signing");
        done = sign(self, hidden, error);
    }
    return done;
}

gboolean rushes_exporter_run(RushesExporter *self, GCancellable *cancellable, GError **error)
{
    RushesFrameFormat format;
    g_auto(RushesExportTarget) target = {0};

    rushes_frame_source_get_format(self->source, &format);
    if (format.frames < 1 || format.ready < format.frames) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    format.frames < 1
                        ? "There is nothing to export yet; put a shot on the timeline first."
                        : "The take is not finished yet: %d of %d frames are there.",
                    format.ready, format.frames);
        return FALSE;
    }
    guint32 tag = self->options.tag ? self->options.tag : g_random_int();
    gboolean is_folder = self->options.container == RUSHES_CONTAINER_PNG;
    if (!rushes_export_target_open(&target, self->path, is_folder, tag, error))
        return FALSE;
    if (!write_all(self, target.hidden, &format, cancellable, error) ||
        !rushes_export_target_publish(&target, error)) {
        rushes_export_target_name(&target, error);
        return FALSE;
    }
    g_mutex_lock(&self->lock);
    self->fraction = 1.0;
    self->eta = 0.0;
    g_mutex_unlock(&self->lock);
    tell(self);
    return TRUE;
}

static void run_thread(GTask *task, gpointer source, gpointer data G_GNUC_UNUSED,
                       GCancellable *cancellable)
{
    GError *error = NULL;

    if (rushes_exporter_run(source, cancellable, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

void rushes_exporter_start(RushesExporter *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, data);

    self->context = g_main_context_ref_thread_default();
    g_task_set_source_tag(task, rushes_exporter_start);
    // A cancel that comes when the file has its name already must not be told as one that left nothing.
    g_task_set_check_cancellable(task, FALSE);
    g_task_run_in_thread(task, run_thread);
}

gboolean rushes_exporter_finish(RushesExporter *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
    return g_task_propagate_boolean(G_TASK(result), error);
}

guint64 rushes_exporter_estimate(RushesExporter *self)
{
    RushesFrameSource *source = self->source;
    const RushesExportOptions *options = &self->options;
    RushesFrameFormat format;
    g_autofree char *folder = g_dir_make_tmp("rushes-estimate-XXXXXX", NULL);
    g_autofree char *path = folder ? g_build_filename(folder, "part", NULL) : NULL;
    RushesExportOutput out = {0};
    guint64 bytes = 0;

    rushes_frame_source_get_format(source, &format);
    int frames = MIN(format.frames, MAX(2, (int)ceil(format.fps))); // a second of it
    if (!path || frames < 1)
        return 0;
    RushesFrameFormat first = format;
    first.frames = frames;
    g_autoptr(RushesPictureMarks) marks = make_marks(self, &format);
    gboolean good = rushes_export_output_open(&out, path, options, &format, NULL);
    for (int i = 0; good && i < frames; i++) {
        // Spread over the whole, a few neighbours at a time, so that both still and lively parts count.
        int index = (int)((gint64)(i / 6) * 6 * format.frames / frames) + i % 6;
        g_autoptr(GBytes) picture =
            rushes_frame_source_read_frame(source, MIN(index, format.frames - 1), NULL);
        picture = rushes_picture_marks_apply(marks, index, g_steal_pointer(&picture));
        good =
            picture && rushes_export_output_add_frame(&out, g_bytes_get_data(picture, NULL), NULL);
        if (good && out.clip && rushes_container_has_sound(options->container) && format.rate > 0)
            good = rushes_export_output_add_sound(&out, source, &first, i, NULL, NULL);
    }
    good = good && rushes_export_output_finish(&out, NULL);
    rushes_export_output_clear(&out);
    if (good) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;
        GStatBuf info;
        if (!dir && g_stat(path, &info) == 0)
            bytes = (guint64)info.st_size;
        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *inside = g_build_filename(path, name, NULL);
            if (g_stat(inside, &info) == 0)
                bytes += (guint64)info.st_size;
        }
        bytes = bytes * (guint64)format.frames / (guint64)frames;
    }
    rushes_remove_tree(folder);
    return bytes;
}

// ---- object ----
RushesExporter *rushes_exporter_new(RushesFrameSource *source, const char *path,
                                    const RushesExportOptions *options)
{
    RushesExporter *self = g_object_new(RUSHES_TYPE_EXPORTER, NULL);

    self->source = g_object_ref(source);
    self->path = g_strdup(path);
    self->options = *options;
    rushes_export_inputs_ref(self->options.inputs);
    self->options.recipe = g_strdup(options->recipe);
    self->options.title = g_strdup(options->title);
    self->options.edits = (const char *const *)g_strdupv((char **)options->edits);
    self->options.identity_folder = g_strdup(options->identity_folder);
    self->options.signer = g_strdup(options->signer);
    self->options.time_stamp_url = g_strdup(options->time_stamp_url);
    if (options->mark_count > 0)
        g_array_append_vals(self->marks, options->marks, (guint)options->mark_count);
    for (gsize i = 0; i < options->ingredient_count; i++) {
        RushesIngredient copy = {
            .title = g_strdup(options->ingredients[i].title),
            .format = g_strdup(options->ingredients[i].format),
            .relationship = g_strdup(options->ingredients[i].relationship),
        };
        g_array_append_val(self->ingredients, copy);
    }
    return self;
}

static void ingredient_clear(RushesIngredient *ingredient)
{
    g_free((char *)ingredient->title);
    g_free((char *)ingredient->format);
    g_free((char *)ingredient->relationship);
}

static void rushes_exporter_finalize(GObject *object)
{
    RushesExporter *self = RUSHES_EXPORTER(object);

    g_clear_object(&self->source);
    g_free(self->path);
    g_free((char *)self->options.recipe);
    g_free((char *)self->options.title);
    g_strfreev((char **)self->options.edits);
    g_free((char *)self->options.identity_folder);
    g_free((char *)self->options.signer);
    g_free((char *)self->options.time_stamp_url);
    g_clear_error(&self->unstamped);
    g_string_free(self->notice, TRUE);
    g_array_unref(self->ingredients);
    g_array_unref(self->marks);
    rushes_export_inputs_unref(self->options.inputs);
    g_clear_pointer(&self->context, g_main_context_unref);
    g_mutex_clear(&self->lock);
    G_OBJECT_CLASS(rushes_exporter_parent_class)->finalize(object);
}

static void rushes_exporter_get_property(GObject *object, guint id, GValue *value,
                                         GParamSpec *pspec)
{
    RushesExporter *self = RUSHES_EXPORTER(object);

    if (id == PROP_PHASE)
        g_value_set_static_string(value, rushes_exporter_get_phase(self));
    else if (id == PROP_FRACTION)
        g_value_set_double(value, rushes_exporter_get_fraction(self));
    else if (id == PROP_ETA)
        g_value_set_double(value, rushes_exporter_get_eta(self));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void rushes_exporter_class_init(RushesExporterClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

    object_class->finalize = rushes_exporter_finalize;
    object_class->get_property = rushes_exporter_get_property;
    properties[PROP_FRACTION] = g_param_spec_double("fraction", NULL, NULL, 0.0, 1.0, 0.0, flags);
    properties[PROP_ETA] = g_param_spec_double("eta", NULL, NULL, -1.0, G_MAXDOUBLE, -1.0, flags);
    properties[PROP_PHASE] = g_param_spec_string("phase", NULL, NULL, "", flags);
    g_object_class_install_properties(object_class, PROP_COUNT, properties);
}

static void rushes_exporter_init(RushesExporter *self)
{
    self->eta = -1.0;
    self->phase = "";
    self->notice = g_string_new(NULL);
    self->ingredients = g_array_new(FALSE, FALSE, sizeof(RushesIngredient));
    self->marks = g_array_new(FALSE, FALSE, sizeof(RushesMarkSpan));
    g_array_set_clear_func(self->ingredients, (GDestroyNotify)ingredient_clear);
    g_mutex_init(&self->lock);
}
