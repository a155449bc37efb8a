// SPDX-License-Identifier: GPL-3.0-or-later
//
// An automated run edits, queues and generates; it is killed with -9 at 100 random moments, each time
// to go on where it was. Whatever it had been told was done must be found again every time.
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue/queue.h"
#include "scratch.h"

#define KILLS 100

// ---- the run that is killed ----

typedef struct Run {
    RushesProject *project;
    RushesLibrary *library;
    RushesQueue *queue;
    guint edits;
} Run;

// One line a promise: what the creator has seen happen, or is about to do.
G_GNUC_PRINTF(1, 2)
static void promise(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *words = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = g_strconcat(words, "\n", NULL);
    if (write(STDOUT_FILENO, line, strlen(line)) < 0)
        _exit(2);
}

static void on_finished(RushesQueue *queue, RushesQueueItem *item, Run *run)
{
    RushesTake *take = rushes_queue_item_get_take(item);
    if (rushes_take_get_state(take) == RUSHES_TAKE_DONE)
        promise("done %s", rushes_take_get_id(take));
}

static void promise_shots(Run *run)
{
    GListModel *shots = rushes_project_get_shots(run->project);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        promise("shot %s", rushes_json_string(rushes_shot_get_fields(shot), "take", ""));
    }
}

static void make_job(Run *run, const char *prompt)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_project_get_draft(run->project));
    RushesTake *take = rushes_project_add_take(run->project, recipe, NULL, NULL);

    promise("take %s %s", rushes_take_get_id(take), prompt);
    if (rushes_queue_add(run->queue, run->project, take, FALSE, NULL))
        promise("job %s", rushes_take_get_id(take));
    if (rushes_library_add_prompt(run->library, prompt, NULL))
        promise("remembered %s", prompt);
    if (rushes_project_add_shot(run->project, take, 0, NULL))
        promise("shot %s", rushes_take_get_id(take));
}

// Until it is done, the words and the newest shot may be the old ones or the new ones.
static void turn_back(Run *run, gboolean (*turn)(RushesProject *, GError **))
{
    GListModel *shots = rushes_project_get_shots(run->project);
    g_autoptr(RushesShot) newest = g_list_model_get_item(shots, 0);
    g_autofree char *take =
        newest ? g_strdup(rushes_json_string(rushes_shot_get_fields(newest), "take", "")) : NULL;
    guint before = g_list_model_get_n_items(shots);

    promise("turning %s", take ? take : "");
    turn(run->project, NULL);
    promise("prompt %s", rushes_project_get_draft(run->project)->prompt);
    promise_shots(run);
    if (g_list_model_get_n_items(shots) < before)
        promise("gone %s", take);
}

static gboolean edit(gpointer data)
{
    Run *run = data;
    g_autoptr(RushesRecipe) draft = rushes_recipe_copy(rushes_project_get_draft(run->project));
    guint waiting = g_list_model_get_n_items(G_LIST_MODEL(run->queue));

    g_free(draft->prompt);
    draft->prompt = g_strdup_printf("a fox, take %u of %d", ++run->edits, (int)getpid());
    promise("trying %s", draft->prompt);
    if (rushes_project_set_draft(run->project, draft, 1, NULL))
        promise("prompt %s", draft->prompt);
    if (run->edits % 2 == 0 && waiting < 3)
        make_job(run, draft->prompt);
    if (run->edits % 9 == 0)
        turn_back(run, rushes_project_undo);
    if (run->edits % 27 == 0)
        turn_back(run, rushes_project_redo);
    if (run->edits % 25 == 0)
        rushes_project_save(run->project, NULL);
    return G_SOURCE_CONTINUE;
}

static int run_until_killed(const char *folder, const char *database)
{
    g_autoptr(RushesLibrary) library = rushes_library_open(database, NULL);
    Run run = {.project = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, NULL),
               .library = library};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    if (!run.project || !library)
        return 2;
    run.queue = rushes_queue_new(library);
    rushes_queue_attach_project(run.queue, run.project);
    g_signal_connect(run.queue, "item-finished", G_CALLBACK(on_finished), &run);
    rushes_queue_start(run.queue);
    g_timeout_add(4, edit, &run);
    g_main_loop_run(loop);
    return 0;
}

// ---- the one that kills and looks ----

typedef struct Promises {
    GHashTable *takes;        // id -> the prompt that it was made of
    GHashTable *jobs, *done;  // ids
    GHashTable *shots, *gone; // ids of takes that stand on the timeline, or do not any more
    GHashTable *remembered;   // prompts
    char *prompt, *tried; // of this round, the last; tried: may be there without having been told
    guint turned,
        checked_prompts; // how often words were taken back; how often the words were compared
} Promises;

static void note(Promises *promises, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 2);
    if (!words[0] || !words[1])
        return;
    if (g_str_equal(words[0], "take")) {
        char *prompt = strchr(words[1], ' ');
        g_assert_nonnull(prompt);
        *prompt = '\0';
        g_hash_table_insert(promises->takes, g_strdup(words[1]), g_strdup(prompt + 1));
    } else if (g_str_equal(words[0], "job")) {
        g_hash_table_add(promises->jobs, g_strdup(words[1]));
    } else if (g_str_equal(words[0], "done")) {
        g_hash_table_add(promises->done, g_strdup(words[1]));
    } else if (g_str_equal(words[0], "remembered")) {
        g_hash_table_add(promises->remembered, g_strdup(words[1]));
    } else if (g_str_equal(words[0], "shot")) {
        g_hash_table_remove(promises->gone, words[1]);
        g_hash_table_add(promises->shots, g_strdup(words[1]));
    } else if (g_str_equal(words[0], "gone")) {
        g_hash_table_add(promises->gone, g_strdup(words[1]));
    } else if (g_str_equal(words[0], "turning")) {
        // A redo may bring back what the last undo took away, and only that.
        g_hash_table_remove_all(promises->gone);
        g_hash_table_remove(promises->shots, words[1]);
        g_clear_pointer(&promises->prompt, g_free);
        promises->turned++;
    } else if (g_str_equal(words[0], "trying")) {
        g_free(promises->tried);
        promises->tried = g_strdup(words[1]);
    } else if (g_str_equal(words[0], "prompt")) {
        g_free(promises->prompt);
        promises->prompt = g_strdup(words[1]);
    }
}

// The last line may be cut: then it was not promised.
static void read_promises(int fd, Promises *promises)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        g_string_append_len(text, buffer, n);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    for (guint i = 0; lines[i] && lines[i + 1]; i++)
        note(promises, lines[i]);
}

static void kill_once(const char *self, const char *folder, const char *database,
                      Promises *promises)
{
    const char *argv[] = {self, "--run", folder, database, NULL};
    g_autoptr(GError) error = NULL;
    GPid pid;
    int out;

    g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                             NULL, &out, NULL, &error);
    g_assert_no_error(error);
    // Mostly soon, in the middle of starting and editing; now and then late enough for takes to finish.
    int longest = g_test_rand_int_range(0, 5) == 0 ? 3000000 : 500000;
    g_usleep((gulong)g_test_rand_int_range(20000, longest));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    read_promises(out, promises);
    close(out);
}

static gboolean has_job(GPtrArray *jobs, const char *take)
{
    for (guint i = 0; i < jobs->len; i++) {
        if (g_str_equal(((RushesJobRecord *)jobs->pdata[i])->take, take))
            return TRUE;
    }
    return FALSE;
}

static gboolean has_shot(RushesProject *project, const char *take)
{
    GListModel *shots = rushes_project_get_shots(project);
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        if (g_strcmp0(rushes_json_string(rushes_shot_get_fields(shot), "take", ""), take) == 0)
            return TRUE;
    }
    return FALSE;
}

static void look_at_takes(RushesProject *project, GPtrArray *jobs, Promises *promises)
{
    GHashTableIter iter;
    gpointer id, prompt;

    g_hash_table_iter_init(&iter, promises->takes);
    while (g_hash_table_iter_next(&iter, &id, &prompt)) {
        RushesTake *take = rushes_project_find_take(project, id);
        g_assert_nonnull(take);
        g_assert_cmpstr(rushes_take_get_recipe(take)->prompt, ==, prompt);
    }
    g_hash_table_iter_init(&iter, promises->jobs);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        RushesTake *take = rushes_project_find_take(project, id);
        g_assert_true(has_job(jobs, id) || rushes_take_get_state(take) == RUSHES_TAKE_DONE);
    }
    g_hash_table_iter_init(&iter, promises->done);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        RushesTake *take = rushes_project_find_take(project, id);
        g_assert_cmpint(rushes_take_get_state(take), ==, RUSHES_TAKE_DONE);
        g_assert_true(rushes_take_is_playable(take));
    }
}

static void look(const char *folder, const char *database, Promises *promises)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RushesProject) project = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, &error);
    g_assert_no_error(error);
    g_assert_null(rushes_project_get_notice(project));
    g_autoptr(RushesLibrary) library = rushes_library_open(database, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) jobs = rushes_library_list_jobs(library);
    g_auto(GStrv) prompts = rushes_library_list_prompts(library, NULL, G_MAXINT);
    const char *words = rushes_project_get_draft(project)->prompt;
    GHashTableIter iter;
    gpointer key;

    // Exactly the words that were told last, or those whose writing the kill came into.
    if (promises->prompt && g_strcmp0(words, promises->tried) != 0)
        g_assert_cmpstr(words, ==, promises->prompt);
    promises->checked_prompts += promises->prompt != NULL;
    look_at_takes(project, jobs, promises);
    g_hash_table_iter_init(&iter, promises->remembered);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_assert_true(g_strv_contains((const char *const *)prompts, key));
    g_hash_table_iter_init(&iter, promises->shots);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_assert_true(has_shot(project, key));
    g_hash_table_iter_init(&iter, promises->gone);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_assert_false(has_shot(project, key));
}

static const char *self_path;

static void a_hundred_kills_lose_nothing(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Film.rushes", NULL);
    g_autofree char *database = g_build_filename(scratch, "library.db", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    Promises promises = {0};
    GHashTable **sets[] = {&promises.takes, &promises.jobs, &promises.shots,
                           &promises.gone,  &promises.done, &promises.remembered};

    g_clear_object(&project);
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
        *sets[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         sets[i] == &promises.takes ? g_free : NULL);
    g_setenv("FAKE_STEP_MS", "3", TRUE);
    g_setenv("FAKE_FRAME_MS", "0", TRUE);
    for (int i = 0; i < KILLS; i++) {
        g_clear_pointer(&promises.prompt, g_free);
        g_clear_pointer(&promises.tried, g_free);
        kill_once(self_path, folder, database, &promises);
        look(folder, database, &promises);
    }
    g_test_message("%d kills: %u takes with their words, %u jobs, %u done, %u shots, %u prompts "
                   "remembered, %u turned back, the words compared %u times",
                   KILLS, g_hash_table_size(promises.takes), g_hash_table_size(promises.jobs),
                   g_hash_table_size(promises.done), g_hash_table_size(promises.shots),
                   g_hash_table_size(promises.remembered), promises.turned,
                   promises.checked_prompts);
    g_assert_cmpuint(g_hash_table_size(promises.done), >, 0);
    g_assert_cmpuint(g_hash_table_size(promises.takes), >, KILLS / 10);
    g_assert_cmpuint(g_hash_table_size(promises.shots), >, KILLS / 10);
    g_assert_cmpuint(promises.turned, >, 0);
    g_assert_cmpuint(promises.checked_prompts, >, KILLS / 4);
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
        g_hash_table_unref(*sets[i]);
    g_free(promises.prompt);
    g_free(promises.tried);
}

int main(int argc, char **argv)
{
    if (argc == 4 && g_str_equal(argv[1], "--run"))
        return run_until_killed(argv[2], argv[3]);
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    self_path = argv[0];
    g_test_add_func("/kill/hundred", a_hundred_kills_lose_nothing);
    return scratch_end(g_test_run());
}
