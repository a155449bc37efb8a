// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/engine-client.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json-file.h"
#include "places.h"
#include "queue/engine-event.h"

#define LINE_BYTES   (1024 * 1024)
#define CHUNK_BYTES  65536
#define STOP_SECONDS 3
#define CHILD_FD     3

typedef struct Pending {
    RushesEngineClient *client; // not owned
    guint id;
    RushesEngineFunc func; // NULL once forgotten
    gpointer data;
    guint idle; // source that fails a request made while no worker runs
} Pending;

struct _RushesEngineClient {
    GObject parent_instance;

    GSubprocess *process;
    GPid pid;
    GInputStream *input;
    GOutputStream *output;
    GCancellable *cancellable; // of this worker's reads, writes and wait
    GByteArray *received;      // an incomplete line
    GString *unsent;           // lines not yet given to the socket
    GString *sending;          // lines the socket is taking; NULL when none
    gboolean input_ended, exited;
    int status;
    guint kill_timer;

    GHashTable *pending; // id -> Pending
    guint last_id, hello;
    cJSON *ready, *refusal; // fields of hello's answers
};

enum { SIGNAL_READY, SIGNAL_ENDED, SIGNAL_LOG, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesEngineClient, rushes_engine_client, G_TYPE_OBJECT)

static void pending_free(gpointer data)
{
    Pending *pending = data;
    g_clear_handle_id(&pending->idle, g_source_remove);
    g_free(pending);
}

static void fail_request(RushesEngineClient *self, guint id, const RushesEngineEvent *why)
{
    Pending *pending = g_hash_table_lookup(self->pending, GUINT_TO_POINTER(id));
    RushesEngineEvent event = *why;

    event.kind = RUSHES_ENGINE_ERROR;
    event.id = id;
    event.last = TRUE;

    if (!pending)
        return;
    RushesEngineFunc func = pending->func;
    gpointer data = pending->data;
    g_hash_table_remove(self->pending, GUINT_TO_POINTER(id));
    if (func)
        func(self, &event, data);
}

// Both the end of the stream and the exit of the process are awaited, so that lines written just
// before the exit still count.
static void finish_if_gone(RushesEngineClient *self)
{
    if (!self->process || !self->input_ended || !self->exited)
        return;

    g_autoptr(RushesEngineClient) hold = g_object_ref(self);
    g_autofree char *what = NULL;
    g_autoptr(cJSON) refusal = g_steal_pointer(&self->refusal);
    RushesEngineEvent why = {.code = "worker",
                             .hint = "Send the job again: it goes on from its last finished step."};
    if (self->status >= 128)
        what = g_strdup_printf("The engine was ended by signal %d (%s).", self->status - 128,
                               g_strsignal(self->status - 128));
    else
        what = g_strdup_printf("The engine ended with status %d in the middle of the work.",
                               self->status);
    why.what = what;
    if (refusal) { // it never got as far as taking work
        why.code = "no_device";
        why.what = rushes_json_string(refusal, "what", what);
        why.hint = "Install a Vulkan driver; mesa-vulkan-drivers has one for any processor.";
        if (!g_str_equal(rushes_json_string(refusal, "code", ""), "device")) {
            why.code = "worker";
            why.hint = rushes_json_string(refusal, "hint", "");
        }
    }

    g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->process);
    g_clear_object(&self->input);
    g_clear_object(&self->output);
    g_clear_handle_id(&self->kill_timer, g_source_remove);
    g_clear_pointer(&self->ready, cJSON_Delete);
    g_byte_array_set_size(self->received, 0);
    g_string_truncate(self->unsent, 0);
    self->pid = 0;

    g_autoptr(GList) ids = g_hash_table_get_keys(self->pending);
    for (GList *at = ids; at; at = at->next)
        fail_request(self, GPOINTER_TO_UINT(at->data), &why);
    g_signal_emit(self, signals[SIGNAL_ENDED], 0, self->status);
}

static void on_exited(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesEngineClient) self = data;
    GSubprocess *process = G_SUBPROCESS(source);

    g_subprocess_wait_finish(process, result, NULL);
    if (self->process != process)
        return;
    self->exited = TRUE;
    self->status = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process)
                                                       : 128 + g_subprocess_get_term_sig(process);
    finish_if_gone(self);
}

static void take_line(RushesEngineClient *self, const char *line, gsize bytes)
{
    RushesEngineEvent event;
    cJSON *root = rushes_engine_event_parse(line, bytes, &event);

    if (!root) {
        g_warning("the engine sent a line that is no event; it is stopped");
        g_subprocess_force_exit(self->process);
        return;
    }
    if (event.kind == RUSHES_ENGINE_READY) {
        g_clear_pointer(&self->ready, cJSON_Delete);
        self->ready = cJSON_Duplicate(root, TRUE);
        g_signal_emit(self, signals[SIGNAL_READY], 0, &event);
    } else if (event.kind == RUSHES_ENGINE_ERROR && event.id == self->hello) {
        g_clear_pointer(&self->refusal, cJSON_Delete);
        self->refusal = cJSON_Duplicate(root, TRUE);
    } else if (event.kind == RUSHES_ENGINE_LOG) {
        g_signal_emit(self, signals[SIGNAL_LOG], 0, &event);
    }

    Pending *pending = g_hash_table_lookup(self->pending, GUINT_TO_POINTER(event.id));
    if (pending) {
        RushesEngineFunc func = pending->func;
        gpointer user = pending->data;
        if (event.last)
            g_hash_table_remove(self->pending, GUINT_TO_POINTER(event.id));
        if (func)
            func(self, &event, user);
    }
    cJSON_Delete(root);
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesEngineClient) self = data;
    GInputStream *input = G_INPUT_STREAM(source);
    g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish(input, result, NULL);

    if (self->input != input)
        return;
    if (!bytes || g_bytes_get_size(bytes) == 0) {
        self->input_ended = TRUE;
        finish_if_gone(self);
        return;
    }

    g_byte_array_append(self->received, g_bytes_get_data(bytes, NULL),
                        (guint)g_bytes_get_size(bytes));
    guint start = 0;
    const guint8 *newline;
    // A handler may stop this worker and start another: then `received` is no longer this one's.
    while (self->input == input &&
           (newline = memchr(self->received->data + start, '\n', self->received->len - start))) {
        guint end = (guint)(newline - self->received->data);
        g_autofree char *line = g_strndup((char *)self->received->data + start, end - start);
        gsize length = end - start;
        start = end + 1;
        take_line(self, line, length);
    }
    if (self->input != input)
        return;
    g_byte_array_remove_range(self->received, 0, start);
    if (self->received->len > LINE_BYTES) {
        g_warning("the engine sent a line longer than %d bytes; it is stopped", LINE_BYTES);
        g_subprocess_force_exit(self->process);
    }
    g_input_stream_read_bytes_async(input, CHUNK_BYTES, G_PRIORITY_DEFAULT, self->cancellable,
                                    on_read, g_object_ref(self));
}

static void send_unsent(RushesEngineClient *self);

static void on_written(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesEngineClient) self = data;

    // A failed write means the worker is going: its exit tells the rest.
    gboolean sent = g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, NULL);
    if (self->sending) {
        g_string_free(self->sending, TRUE);
        self->sending = NULL;
    }
    if (sent)
        send_unsent(self);
}

static void send_unsent(RushesEngineClient *self)
{
    if (!self->output || self->sending || self->unsent->len == 0)
        return;
    self->sending = self->unsent;
    self->unsent = g_string_new(NULL);
    g_output_stream_write_all_async(self->output, self->sending->str, self->sending->len,
                                    G_PRIORITY_DEFAULT, self->cancellable, on_written,
                                    g_object_ref(self));
}

static gboolean on_idle_failure(gpointer data)
{
    Pending *pending = data;
    static const RushesEngineEvent why = {
        .code = "worker", .what = "The engine is not running.", .hint = ""};
    pending->idle = 0;
    fail_request(pending->client, pending->id, &why);
    return G_SOURCE_REMOVE;
}

// Takes ownership of `request`.
static guint send_request(RushesEngineClient *self, const char *name, cJSON *request,
                          RushesEngineFunc func, gpointer data)
{
    guint id = ++self->last_id;

    if (id == 0)
        id = ++self->last_id; // 0 means "about no request"
    Pending *pending = g_new0(Pending, 1);
    *pending = (Pending){.client = self, .id = id, .func = func, .data = data};
    g_hash_table_insert(self->pending, GUINT_TO_POINTER(id), pending);

    if (!self->process) {
        pending->idle = g_idle_add(on_idle_failure, pending);
    } else {
        cJSON_AddStringToObject(request, "request", name);
        cJSON_AddNumberToObject(request, "id", id);
        char *line = cJSON_PrintUnformatted(request);
        g_string_append(self->unsent, line);
        g_string_append_c(self->unsent, '\n');
        cJSON_free(line);
        send_unsent(self);
    }
    cJSON_Delete(request);
    return id;
}

gboolean rushes_engine_client_start(RushesEngineClient *self, const RushesEngineOptions *options,
                                    GError **error)
{
    int fds[2];

    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), FALSE);
    g_return_val_if_fail(!self->process, FALSE);

    g_autofree char *program = rushes_places_find_engine(error);
    if (!program)
        return FALSE;
    // A request to a worker that has just gone is a failed write, not the end of the program that asks.
    signal(SIGPIPE, SIG_IGN);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "The engine cannot be started: %s.", g_strerror(errno));
        return FALSE;
    }

    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *cache = rushes_places_get_cache();
    g_auto(GStrv) models = rushes_places_list_model_folders();
    g_ptr_array_add(argv, program);
    g_ptr_array_add(argv, (char *)"--fd=" G_STRINGIFY(CHILD_FD));
    g_ptr_array_add(argv, (char *)"--cache");
    g_ptr_array_add(argv, cache);
    for (char **folder = models; *folder; folder++) {
        g_ptr_array_add(argv, (char *)"--models");
        g_ptr_array_add(argv, *folder);
    }
    if (options && options->device) {
        g_ptr_array_add(argv, (char *)"--device");
        g_ptr_array_add(argv, (char *)options->device);
    }
    if (options && options->caps) {
        g_ptr_array_add(argv, (char *)"--caps");
        g_ptr_array_add(argv, (char *)options->caps);
    }
    if (options && options->validate)
        g_ptr_array_add(argv, (char *)"--validate");
    if (options && options->verbose)
        g_ptr_array_add(argv, (char *)"--verbose");
    g_ptr_array_add(argv, NULL);

    gboolean quiet = !options || !options->verbose;
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        quiet ? G_SUBPROCESS_FLAGS_STDERR_SILENCE : G_SUBPROCESS_FLAGS_NONE);
    g_subprocess_launcher_take_fd(launcher, fds[1], CHILD_FD);
    self->process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, error);
    g_subprocess_launcher_close(launcher); // our copy of the child's end
    if (!self->process) {
        close(fds[0]);
        return FALSE;
    }

    const char *pid = g_subprocess_get_identifier(self->process);
    self->pid = pid ? (GPid)g_ascii_strtoll(pid, NULL, 10) : 0;
    self->cancellable = g_cancellable_new();
    self->input = g_unix_input_stream_new(fds[0], TRUE);
    self->output = g_unix_output_stream_new(fds[0], FALSE);
    self->input_ended = self->exited = FALSE;
    g_subprocess_wait_async(self->process, NULL, on_exited, g_object_ref(self));
    g_input_stream_read_bytes_async(self->input, CHUNK_BYTES, G_PRIORITY_DEFAULT, self->cancellable,
                                    on_read, g_object_ref(self));

    cJSON *hello = cJSON_CreateObject();
    cJSON_AddNumberToObject(hello, "protocol", 1);
    self->hello = send_request(self, "hello", hello, NULL, NULL);
    return TRUE;
}

static gboolean on_stop_timeout(gpointer data)
{
    RushesEngineClient *self = data;
    self->kill_timer = 0;
    if (self->process)
        g_subprocess_force_exit(self->process);
    return G_SOURCE_REMOVE;
}

void rushes_engine_client_stop(RushesEngineClient *self)
{
    g_return_if_fail(RUSHES_IS_ENGINE_CLIENT(self));

    if (!self->process || self->kill_timer)
        return;
    send_request(self, "quit", cJSON_CreateObject(), NULL, NULL);
    self->kill_timer = g_timeout_add_seconds(STOP_SECONDS, on_stop_timeout, self);
}

gboolean rushes_engine_client_is_running(RushesEngineClient *self)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), FALSE);
    return self->process != NULL;
}

GPid rushes_engine_client_get_pid(RushesEngineClient *self)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), 0);
    return self->pid;
}

const cJSON *rushes_engine_client_get_ready(RushesEngineClient *self)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), NULL);
    return self->ready;
}

guint rushes_engine_client_load(RushesEngineClient *self, const char *model, RushesEngineFunc func,
                                gpointer data)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), 0);
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "model", model);
    return send_request(self, "load", request, func, data);
}

guint rushes_engine_client_estimate(RushesEngineClient *self, const cJSON *job,
                                    RushesEngineFunc func, gpointer data)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), 0);
    cJSON *request = cJSON_CreateObject();
    cJSON_AddItemToObject(request, "job", cJSON_Duplicate(job, TRUE));
    return send_request(self, "estimate", request, func, data);
}

guint rushes_engine_client_tokenize(RushesEngineClient *self, const char *model, const char *text,
                                    RushesEngineFunc func, gpointer data)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), 0);
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "model", model);
    cJSON_AddStringToObject(request, "text", text);
    return send_request(self, "tokenize", request, func, data);
}

guint rushes_engine_client_generate(RushesEngineClient *self, const cJSON *job, const char *take,
                                    gboolean previews, RushesEngineFunc func, gpointer data)
{
    g_return_val_if_fail(RUSHES_IS_ENGINE_CLIENT(self), 0);
    cJSON *request = cJSON_CreateObject();
    cJSON_AddItemToObject(request, "job", cJSON_Duplicate(job, TRUE));
    cJSON_AddStringToObject(request, "take", take);
    cJSON_AddBoolToObject(request, "previews", previews);
    return send_request(self, "generate", request, func, data);
}

void rushes_engine_client_cancel(RushesEngineClient *self, guint target)
{
    g_return_if_fail(RUSHES_IS_ENGINE_CLIENT(self));
    if (!self->process)
        return;
    cJSON *request = cJSON_CreateObject();
    cJSON_AddNumberToObject(request, "target", target);
    guint id = send_request(self, "cancel", request, NULL, NULL);
    g_hash_table_remove(self->pending, GUINT_TO_POINTER(id)); // it has no answer of its own
}

void rushes_engine_client_forget(RushesEngineClient *self, guint id)
{
    g_return_if_fail(RUSHES_IS_ENGINE_CLIENT(self));
    Pending *pending = g_hash_table_lookup(self->pending, GUINT_TO_POINTER(id));
    if (pending)
        pending->func = NULL;
}

// A running worker holds references through its reads and its wait, so this runs after it has gone or
// in a program that is ending; closing the socket is then the worker's order to quit.
static void rushes_engine_client_finalize(GObject *object)
{
    RushesEngineClient *self = RUSHES_ENGINE_CLIENT(object);

    g_clear_handle_id(&self->kill_timer, g_source_remove);
    g_clear_pointer(&self->pending, g_hash_table_unref);
    g_clear_pointer(&self->ready, cJSON_Delete);
    g_clear_pointer(&self->refusal, cJSON_Delete);
    g_clear_pointer(&self->received, g_byte_array_unref);
    g_string_free(self->unsent, TRUE);
    if (self->sending)
        g_string_free(self->sending, TRUE);
    g_clear_object(&self->process);
    g_clear_object(&self->input);
    g_clear_object(&self->output);
    g_clear_object(&self->cancellable);
    G_OBJECT_CLASS(rushes_engine_client_parent_class)->finalize(object);
}

static void rushes_engine_client_class_init(RushesEngineClientClass *klass)
{
    GType type = G_TYPE_FROM_CLASS(klass);

    G_OBJECT_CLASS(klass)->finalize = rushes_engine_client_finalize;
    signals[SIGNAL_READY] = g_signal_new("ready", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_POINTER);
    signals[SIGNAL_ENDED] = g_signal_new("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);
    signals[SIGNAL_LOG] = g_signal_new("log", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void rushes_engine_client_init(RushesEngineClient *self)
{
    self->pending = g_hash_table_new_full(NULL, NULL, NULL, pending_free);
    self->received = g_byte_array_new();
    self->unsent = g_string_new(NULL);
}

RushesEngineClient *rushes_engine_client_new(void)
{
    return g_object_new(RUSHES_TYPE_ENGINE_CLIENT, NULL);
}
