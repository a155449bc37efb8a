// SPDX-License-Identifier: GPL-3.0-or-later
// rushes inspect: whether a file is what was signed, the recipe inside it, what its credentials say, and its invisible mark.
#include <cjson/cJSON.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "json-file.h"
#include "marks/watermark-detect.h"
#include "media/clip-writer.h"
#include "media/mp4-boxes.h"
#include "project/library.h"
#include "provenance/credentials.h"

// All that is known of one file.
typedef struct Inspection {
    const char *path;
    gboolean is_folder; // of numbered pictures
    RushesCredentialsState state;
    RushesManifestReport *report; // NULL without credentials
    char *damage;                 // why there are credentials that cannot be read, or NULL
    cJSON *recipe;                // NULL without one
    char *unread;                 // why there is a recipe that cannot be read, or NULL
    GArray *marks;                // RushesFoundMark; NULL when there is no picture to look at
    char *unseen;                 // why not
} Inspection;

static void inspection_clear(Inspection *self)
{
    rushes_manifest_report_free(self->report);
    g_free(self->damage);
    cJSON_Delete(self->recipe);
    g_free(self->unread);
    g_clear_pointer(&self->marks, g_array_unref);
    g_free(self->unseen);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inspection, inspection_clear)

static gboolean has_mark(const Inspection *self)
{
    return self->marks && self->marks->len > 0;
}

// One word for programs and one sentence for people, owned by the caller.
static const char *judge(const Inspection *self, char **sentence)
{
    if (self->damage || (self->report && !self->report->intact)) {
        *sentence = g_strdup_printf("changed since it was signed: %s",
                                    self->damage ? self->damage : self->report->problem);
        return "altered";
    }
    if (self->report) {
        *sentence =
            g_strdup_printf("as it was when %s signed it",
                            self->report->signer ? self->report->signer : "somebody unnamed");
        return "intact";
    }
    if (self->is_folder) {
        *sentence = g_strdup_printf("%snumbered pictures carry no credentials, so nobody can tell "
                                    "whether they were changed",
                                    has_mark(self) ? "made with Rushes; " : "");
        return has_mark(self) ? "marked" : "unsigned";
    }
    *sentence =
        g_strdup(has_mark(self) ? "made with Rushes; it carries no credentials, so they were taken "
                                  "off, or it was encoded again or cut"
                                : "carries no credentials; nobody can tell whether it was changed");
    return has_mark(self) ? "marked" : "unsigned";
}

static void print_field(const cJSON *recipe, const char *key, const char *label)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(recipe, key);

    if (cJSON_IsString(item) && item->valuestring[0])
        printf("%-10s %s\n", label, item->valuestring);
    else if (cJSON_IsNumber(item))
        printf("%-10s %g\n", label, item->valuedouble);
}

// What the recipe leaves to the model is not known here.
static void print_size(const cJSON *recipe)
{
    int width = rushes_json_int(recipe, "width", 0, 65536, 0);
    int height = rushes_json_int(recipe, "height", 0, 65536, 0);
    int frames = rushes_json_int(recipe, "frames", 0, G_MAXINT, 0);
    double fps = rushes_json_number(recipe, "fps", 0.0);
    g_autoptr(GString) text = g_string_new(NULL);

    if (width > 0 && height > 0)
        g_string_append_printf(text, "%dx%d", width, height);
    if (frames > 0)
        g_string_append_printf(text, "%s%d frames", text->len > 0 ? ", " : "", frames);
    if (fps > 0.0)
        g_string_append_printf(text, "%s%g a second",
                               frames > 0      ? " at "
                               : text->len > 0 ? ", "
                                               : "",
                               fps);
    if (text->len > 0)
        printf("%-10s %s\n", "Size", text->str);
}

// Pictures that no model made: what a take began with.
static void print_start(const cJSON *recipe)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(recipe, "conditioning");
    const cJSON *consent = cJSON_GetObjectItemCaseSensitive(recipe, "consent");
    const char *kind = rushes_json_string(start, "kind", "");
    const char *picture = rushes_json_string(consent, "picture_sha256", NULL);
    int frames = rushes_json_int(start, "frames", 0, 65536, 0);

    if (g_str_equal(kind, "image"))
        printf("%-10s a picture%s%s\n", "Starts on", picture ? ", SHA-256 " : "",
               picture ? picture : "");
    else if (g_str_equal(kind, "extend"))
        printf("%-10s the last %d %s of a clip\n", "Starts on", frames,
               frames == 1 ? "frame" : "frames");
}

static void print_consent(const cJSON *consent)
{
    const char *record = rushes_json_string(consent, "record", NULL);
    const char *ended = rushes_json_string(consent, "ended", NULL);

    if (ended)
        printf("%-10s record %s, which ended on %.10s, before this file was exported\n", "Consent",
               record ? record : "unnamed", ended);
    else if (record)
        printf("%-10s record %s\n", "Consent", record);
}

static void print_take(const cJSON *recipe)
{
    const cJSON *made = cJSON_GetObjectItemCaseSensitive(recipe, "made");

    print_field(recipe, "prompt", "Words");
    print_field(recipe, "negative", "Not");
    print_field(recipe, "model", "Model");
    print_field(recipe, "seed", "Seed");
    print_size(recipe);
    print_field(recipe, "steps", "Steps");
    print_field(recipe, "sampler", "Sampler");
    print_field(recipe, "shift", "Shift");
    print_field(recipe, "guidance", "Guidance");
    print_start(recipe);
    print_consent(cJSON_GetObjectItemCaseSensitive(recipe, "consent"));
    print_field(made, "device", "Device");
    print_field(made, "engine", "Engine");
    print_field(made, "created", "Made");
}

// A film's recipe lists its shots, each with the recipe of its take.
static void print_recipe(const cJSON *recipe)
{
    const cJSON *shots = cJSON_GetObjectItemCaseSensitive(recipe, "shots"), *shot;
    int number = 0;

    if (!cJSON_IsArray(shots)) {
        print_take(recipe);
        return;
    }
    print_field(recipe, "film", "Film");
    cJSON_ArrayForEach(shot, shots)
    {
        const cJSON *inner = cJSON_GetObjectItemCaseSensitive(shot, "recipe");
        printf("%-10s %d of %d\n", "Shot", ++number, cJSON_GetArraySize(shots));
        if (cJSON_IsObject(inner))
            print_take(inner);
    }
}

static void print_credentials(const RushesManifestReport *report)
{
    g_autofree char *actions = report->actions ? g_strjoinv(", ", report->actions) : NULL;

    printf("%-10s %s, certified by %s (whether they deserve trust is not judged)\n", "Signer",
           report->signer ? report->signer : "unknown", report->issuer ? report->issuer : "nobody");
    printf("%-10s %s\n", "Manifest", report->label);
    printf("%-10s %s, by %s\n", "Origin", report->source_type ? report->source_type : "not stated",
           report->generator ? report->generator : "an unnamed program");
    printf("%-10s %s\n", "Actions", actions ? actions : "none");
    printf("%-10s %s by the signer's clock\n", "Signed",
           report->when ? report->when : "at no stated time");
    if (report->stamped)
        printf("%-10s %s, by %s (whether it deserves trust is not judged)\n", "Stamped",
               report->stamped, report->stamped_by ? report->stamped_by : "an unnamed authority");
}

// Where the marked take is, when it is one of this computer's; owned by the caller.
static RushesSearchHit *find_take(guint32 id)
{
    g_autofree char *place = rushes_library_default_path();

    if (!g_file_test(place, G_FILE_TEST_EXISTS))
        return NULL;
    g_autoptr(RushesLibrary) library = rushes_library_open(place, NULL);
    return library ? rushes_library_find_marked(library, id) : NULL;
}

static void print_marks(const Inspection *self)
{
    for (guint i = 0; has_mark(self) && i < self->marks->len; i++) {
        const RushesFoundMark *mark = &g_array_index(self->marks, RushesFoundMark, i);
        RushesSearchHit *hit = find_take(mark->payload.id);
        printf("%-10s take %08x, ", "Mark", mark->payload.id);
        if (self->is_folder)
            printf("pictures %.0f to %.0f", mark->start, mark->end - 1.0);
        else
            printf("seconds %.1f to %.1f", mark->start, mark->end);
        printf(" (one in %.0e unmarked clips would look so)\n", mark->odds);
        if (hit)
            printf("%-10s %s in %s\n", "", hit->take, hit->project);
        g_clear_pointer(&hit, rushes_search_hit_free);
    }
    if (self->marks && self->marks->len == 0)
        printf("%-10s none was found\n", "Mark");
    else if (!self->marks)
        printf("%-10s not looked for: %s\n", "Mark", self->unseen);
}

static void print_all(const Inspection *self)
{
    g_autofree char *sentence = NULL;

    judge(self, &sentence);
    printf("%-10s %s\n", "File", sentence);
    if (self->report)
        print_credentials(self->report);
    if (self->recipe)
        print_recipe(self->recipe);
    else
        printf("%-10s %s\n", "Recipe", self->unread ? self->unread : "none");
    print_marks(self);
}

// ---- for programs ----
static void put_text(cJSON *object, const char *key, const char *text)
{
    rushes_json_put(object, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static cJSON *credentials_json(const Inspection *self)
{
    const RushesManifestReport *report = self->report;
    cJSON *object = cJSON_CreateObject(), *actions = cJSON_CreateArray();

    rushes_json_put(object, "intact", cJSON_CreateBool(report->intact));
    put_text(object, "problem", report->problem);
    put_text(object, "manifest", report->label);
    put_text(object, "signer", report->signer);
    put_text(object, "issuer", report->issuer);
    put_text(object, "generator", report->generator);
    put_text(object, "origin", report->source_type);
    put_text(object, "signed", report->when);
    put_text(object, "stamped", report->stamped);
    put_text(object, "stamped_by", report->stamped_by);
    put_text(object, "binding",
             report->binding == RUSHES_BINDING_DATA ? "whole file" : "boxes of an MP4");
    for (char **name = report->actions; name && *name; name++)
        cJSON_AddItemToArray(actions, cJSON_CreateString(*name));
    rushes_json_put(object, "actions", actions);
    return object;
}

static cJSON *mark_json(const RushesFoundMark *mark)
{
    cJSON *object = cJSON_CreateObject();
    g_autofree char *id = g_strdup_printf("%08x", mark->payload.id);
    RushesSearchHit *hit = find_take(mark->payload.id);

    put_text(object, "id", id);
    rushes_json_put(object, "version", cJSON_CreateNumber(mark->payload.version));
    rushes_json_put(object, "start", cJSON_CreateNumber(mark->start));
    rushes_json_put(object, "end", cJSON_CreateNumber(mark->end));
    rushes_json_put(object, "score", cJSON_CreateNumber(mark->score));
    rushes_json_put(object, "odds", cJSON_CreateNumber(mark->odds));
    put_text(object, "take", hit ? hit->take : NULL);
    put_text(object, "project", hit ? hit->project : NULL);
    g_clear_pointer(&hit, rushes_search_hit_free);
    return object;
}

static void print_json(const cJSON *object)
{
    char *text = cJSON_Print(object);

    puts(text);
    cJSON_free(text);
}

static void print_everything(const Inspection *self)
{
    g_autoptr(cJSON) object = cJSON_CreateObject();
    g_autofree char *name = g_filename_display_name(self->path), *sentence = NULL;
    cJSON *marks = self->marks ? cJSON_CreateArray() : cJSON_CreateNull();

    put_text(object, "file", name);
    put_text(object, "verdict", judge(self, &sentence));
    put_text(object, "sentence", sentence);
    rushes_json_put(object, "credentials",
                    self->report ? credentials_json(self) : cJSON_CreateNull());
    rushes_json_put(object, "recipe",
                    self->recipe ? cJSON_Duplicate(self->recipe, TRUE) : cJSON_CreateNull());
    put_text(object, "recipe_problem", self->unread);
    for (guint i = 0; has_mark(self) && i < self->marks->len; i++)
        cJSON_AddItemToArray(marks, mark_json(&g_array_index(self->marks, RushesFoundMark, i)));
    rushes_json_put(object, "marks", marks);
    put_text(object, "marks_problem", self->unseen);
    print_json(object);
}

// What lies beside numbered pictures.
static void read_folder_recipe(Inspection *self)
{
    g_autofree char *path = g_build_filename(self->path, RUSHES_PICTURES_RECIPE, NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return;
    self->recipe = rushes_json_file_read(path, &error);
    if (error)
        self->unread = g_strdup(error->message);
}

// From the file's own box, or from its credentials when its kind has no such box.
static void find_recipe(Inspection *self)
{
    g_autofree char *text = rushes_mp4_read_recipe(self->path, NULL);
    const char *found = text ? text : self->report ? self->report->recipe_json : NULL;
    cJSON *recipe = found ? cJSON_Parse(found) : NULL;

    if (cJSON_IsObject(recipe))
        self->recipe = g_steal_pointer(&recipe);
    else if (found)
        self->unread = g_strdup("the one that it carries is damaged and cannot be read");
    cJSON_Delete(recipe);
}

static void inspect(Inspection *self, gboolean looks_for_marks)
{
    g_autoptr(GError) error = NULL, blind = NULL;

    if (self->is_folder) {
        read_folder_recipe(self);
        if (looks_for_marks)
            self->marks = rushes_watermark_read_pictures(self->path, &blind);
        if (blind)
            self->unseen = g_strdup(blind->message);
        return;
    }
    if (!rushes_credentials_inspect(self->path, &self->state, &self->report, &error))
        self->damage = g_strdup(error->message);
    find_recipe(self);
    if (looks_for_marks)
        self->marks = rushes_watermark_read(self->path, &blind);
    if (blind)
        self->unseen = g_strdup("it holds no picture that can be decoded");
}

static int fail(const char *format, const char *path)
{
    g_autofree char *name = g_filename_display_name(path);
    g_autoptr(GString) what = g_string_new(format);

    g_string_replace(what, "%s", name, 1);
    rushes_cli_complain(what->str);
    return RUSHES_EXIT_FILE;
}

static int complain_of_recipe(const Inspection *self)
{
    g_autofree char *name = g_filename_display_name(self->path);
    g_autofree char *what = g_strdup_printf("The recipe of %s: %s", name, self->unread);

    rushes_cli_complain(what);
    return RUSHES_EXIT_FILE;
}

static gboolean is_png(const char *path)
{
    g_autofree char *lower = g_ascii_strdown(path, -1);

    return g_str_has_suffix(lower, ".png");
}

int rushes_cli_inspect(int argc, char **argv)
{
    gboolean json = FALSE, recipe = FALSE;
    g_auto(GStrv) files = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print all that is found as JSON", NULL},
        {"recipe", 0, 0, G_OPTION_ARG_NONE, &recipe,
         "Print the recipe alone as JSON, as generate --job reads it", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE|FOLDER"},
        G_OPTION_ENTRY_NULL,
    };
    int status = RUSHES_EXIT_OK;

    if (!rushes_cli_parse("",
                          "Tells how a file was made and whether it was changed since, from its "
                          "credentials, its recipe and its invisible mark.",
                          entries, &argc, &argv, &status))
        return status;
    if (!files || g_strv_length(files) != 1) {
        rushes_cli_complain(
            "inspect wants the name of one clip, or of one folder of numbered pictures");
        return RUSHES_EXIT_USAGE;
    }
    gboolean is_folder = rushes_watermark_is_picture_folder(files[0]);
    if (!is_folder && !g_file_test(files[0], G_FILE_TEST_IS_REGULAR))
        return fail(g_file_test(files[0], G_FILE_TEST_IS_DIR)
                        ? "%s is a folder without frame-000000.png; inspect wants a clip, or a "
                          "folder of numbered pictures as export makes them"
                    : g_file_test(files[0], G_FILE_TEST_EXISTS) ? "%s is not a file"
                                                                : "There is no %s",
                    files[0]);
    if (g_access(files[0], R_OK) != 0)
        return fail("%s cannot be read; you may not open it", files[0]);
    g_auto(Inspection) found = {.path = files[0], .is_folder = is_folder};
    inspect(&found, !recipe);
    if (recipe && found.unread)
        return complain_of_recipe(&found);
    if (recipe && !found.recipe)
        return fail("%s carries no recipe", files[0]);
    if (recipe) {
        print_json(found.recipe);
        return RUSHES_EXIT_OK;
    }
    gboolean has_any = found.recipe || found.report || found.damage || has_mark(&found);
    if (!has_any && found.unread)
        return complain_of_recipe(&found);
    if (!has_any)
        return fail(is_png(files[0])
                        ? "%s is a single picture, which carries nothing; the mark is spread over "
                          "a second of them and the recipe lies beside them, so inspect the whole "
                          "folder"
                    : found.unseen
                        ? "%s carries no recipe and no credentials, and no picture that can "
                          "be decoded and searched for a mark"
                        : "%s carries no recipe, no credentials and no mark of Rushes",
                    files[0]);
    if (json)
        print_everything(&found);
    else
        print_all(&found);
    return found.damage || (found.report && !found.report->intact) ? RUSHES_EXIT_FAILED
                                                                   : RUSHES_EXIT_OK;
}
