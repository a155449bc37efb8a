// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/export-job.h"

#include "places.h"

enum { PROP_STATE = 1, PROP_FRACTION, N_PROPS };
static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE(RushesExportJob, rushes_export_job, G_TYPE_OBJECT)

static void rushes_export_job_finalize(GObject *object)
{
    RushesExportJob *self = RUSHES_EXPORT_JOB(object);

    export_job_set_exporter(self, NULL);
    g_free(self->project);
    g_free(self->path);
    g_free(self->preset);
    g_free(self->signer);
    g_free(self->time_stamp_url);
    g_free(self->film);
    g_free(self->title);
    g_free(self->error);
    G_OBJECT_CLASS(rushes_export_job_parent_class)->finalize(object);
}

static void rushes_export_job_get_property(GObject *object, guint id, GValue *value,
                                           GParamSpec *pspec)
{
    RushesExportJob *self = RUSHES_EXPORT_JOB(object);

    if (id == PROP_STATE)
        g_value_set_int(value, (int)self->state);
    else if (id == PROP_FRACTION)
        g_value_set_double(value, rushes_export_job_get_fraction(self));
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void rushes_export_job_class_init(RushesExportJobClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

    object->finalize = rushes_export_job_finalize;
    object->get_property = rushes_export_job_get_property;
    properties[PROP_STATE] =
        g_param_spec_int("state", NULL, NULL, 0, RUSHES_EXPORT_FAILED, 0, flags);
    properties[PROP_FRACTION] = g_param_spec_double("fraction", NULL, NULL, 0, 1, 0, flags);
    g_object_class_install_properties(object, N_PROPS, properties);
}

static void rushes_export_job_init(RushesExportJob *self)
{
}

static char *make_title(const char *project, int take)
{
    g_autofree char *name = rushes_places_project_name(project);

    return take > 0 ? g_strdup_printf("%s, take %d", name, take) : g_strdup(name);
}

RushesExportJob *export_job_new(const char *project, const char *film, const char *path,
                                const RushesFilmExport *request)
{
    RushesExportJob *self = g_object_new(RUSHES_TYPE_EXPORT_JOB, NULL);

    self->project = g_strdup(project);
    self->film = g_strdup(film);
    self->path = g_canonicalize_filename(path, NULL);
    self->preset = g_strdup(request->preset);
    self->signer = g_strdup(request->signer);
    self->time_stamp_url = g_strdup(request->time_stamp_url);
    self->request = *request;
    self->request.preset = self->preset;
    self->request.signer = self->signer;
    self->request.time_stamp_url = self->time_stamp_url;
    self->title = make_title(project, request->take);
    while (self->request.tag == 0)
        self->request.tag = g_random_int();
    return self;
}

RushesExportJob *export_job_from_record(const RushesExportRecord *record)
{
    g_autoptr(cJSON) json = cJSON_Parse(record->request);
    RushesFilmExport request = {
        .preset = rushes_json_string(json, "preset", NULL),
        .take = rushes_json_int(json, "take", 0, 1000000, 0),
        .quality = rushes_json_int(json, "quality", 0, 51, 0),
        .normalise = rushes_json_bool(json, "normalise", FALSE),
        .is_signed = rushes_json_bool(json, "signed", TRUE),
        .watermark =
            (RushesWatermarkChoice)rushes_json_int(json, "watermark", RUSHES_WATERMARK_LOSSY,
                                                   RUSHES_WATERMARK_NEVER, RUSHES_WATERMARK_LOSSY),
        .visible_mark = rushes_json_bool(json, "visible_mark", FALSE),
        .signer = rushes_json_string(json, "signer", NULL),
        .time_stamp_url = rushes_json_string(json, "time_stamp", NULL),
        .time_stamp_required = rushes_json_bool(json, "time_stamp_required", FALSE),
        .tag = (guint32)CLAMP(rushes_json_number(json, "tag", 0), 0.0, (double)G_MAXUINT32),
    };
    RushesExportJob *self = export_job_new(record->project, rushes_json_string(json, "film", ""),
                                           record->path, &request);

    self->id = record->id;
    return self;
}

char *export_job_describe(RushesExportJob *self)
{
    g_autoptr(cJSON) json = cJSON_CreateObject();

    if (self->preset)
        cJSON_AddStringToObject(json, "preset", self->preset);
    if (self->signer)
        cJSON_AddStringToObject(json, "signer", self->signer);
    if (self->time_stamp_url)
        cJSON_AddStringToObject(json, "time_stamp", self->time_stamp_url);
    cJSON_AddBoolToObject(json, "time_stamp_required", self->request.time_stamp_required);
    cJSON_AddStringToObject(json, "film", self->film);
    cJSON_AddNumberToObject(json, "take", self->request.take);
    cJSON_AddNumberToObject(json, "quality", self->request.quality);
    cJSON_AddBoolToObject(json, "normalise", self->request.normalise);
    cJSON_AddBoolToObject(json, "signed", self->request.is_signed);
    cJSON_AddNumberToObject(json, "watermark", self->request.watermark);
    cJSON_AddBoolToObject(json, "visible_mark", self->request.visible_mark);
    cJSON_AddNumberToObject(json, "tag", self->request.tag);
    char *text = cJSON_PrintUnformatted(json);
    char *copy = g_strdup(text);
    cJSON_free(text);
    return copy;
}

static void on_progress(RushesExportJob *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FRACTION]);
}

void export_job_set_exporter(RushesExportJob *self, RushesExporter *exporter)
{
    if (self->exporter)
        g_signal_handlers_disconnect_by_data(self->exporter, self);
    g_clear_object(&self->exporter);
    self->exporter = exporter;
    if (exporter)
        g_signal_connect_swapped(exporter, "notify", G_CALLBACK(on_progress), self);
}

void export_job_set_state(RushesExportJob *self, RushesExportState state, const char *error)
{
    char *copy = g_strdup(error);

    g_free(self->error);
    self->error = copy;
    self->state = state;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STATE]);
}

RushesExportState rushes_export_job_get_state(RushesExportJob *self)
{
    return self->state;
}

const char *rushes_export_job_get_title(RushesExportJob *self)
{
    return self->title;
}

const char *rushes_export_job_get_path(RushesExportJob *self)
{
    return self->path;
}

const char *rushes_export_job_get_project(RushesExportJob *self)
{
    return self->project;
}

const char *rushes_export_job_get_phase(RushesExportJob *self)
{
    return self->exporter ? rushes_exporter_get_phase(self->exporter) : "";
}

const char *rushes_export_job_get_error(RushesExportJob *self)
{
    return self->error;
}

double rushes_export_job_get_fraction(RushesExportJob *self)
{
    return self->exporter ? rushes_exporter_get_fraction(self->exporter) : 0;
}

double rushes_export_job_get_eta(RushesExportJob *self)
{
    return self->exporter ? rushes_exporter_get_eta(self->exporter) : -1;
}
