// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/rights-watch.h"

#include <glib/gstdio.h>

#include "rights/consent-use.h"
#include "rights/rights-sources.h"

#define SETTLE_MS 150 // an editor saves in several steps

struct _RushesRightsWatch {
    GObject parent_instance;

    GPtrArray *monitors; // GFileMonitor
    guint settle;
};

G_DEFINE_FINAL_TYPE(RushesRightsWatch, rushes_rights_watch, G_TYPE_OBJECT)

static void watch_all(RushesRightsWatch *self);

static gboolean settled(gpointer data)
{
    RushesRightsWatch *self = data;

    self->settle = 0;
    watch_all(self); // other files may be subscribed now
    g_signal_emit_by_name(self, "changed");
    return G_SOURCE_REMOVE;
}

static void on_event(RushesRightsWatch *self)
{
    g_clear_handle_id(&self->settle, g_source_remove);
    self->settle = g_timeout_add(SETTLE_MS, settled, self);
}

static void watch(RushesRightsWatch *self, const char *path)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    GFileMonitor *monitor = g_file_monitor(file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);

    if (!monitor)
        return;
    g_signal_connect_swapped(monitor, "changed", G_CALLBACK(on_event), self);
    g_ptr_array_add(self->monitors, monitor);
}

static void watch_all(RushesRightsWatch *self)
{
    g_auto(GStrv) lists = rushes_rights_sources_list();
    g_autofree char *folder = rushes_rights_sources_folder();
    g_autofree char *consents = rushes_consent_folder();

    g_ptr_array_set_size(self->monitors, 0);
    g_mkdir_with_parents(folder, 0700); // what is not there is only looked for every few seconds
    g_mkdir_with_parents(consents, 0700);
    watch(self, folder);
    watch(self, consents);
    for (char **list = lists; *list; list++) {
        g_autofree char *target = g_file_read_link(*list, NULL);
        watch(self, *list);
        if (target) // inotify follows the name, not the link
            watch(self, target);
    }
}

static void rushes_rights_watch_dispose(GObject *object)
{
    RushesRightsWatch *self = RUSHES_RIGHTS_WATCH(object);

    g_clear_handle_id(&self->settle, g_source_remove);
    for (guint i = 0; self->monitors && i < self->monitors->len; i++)
        g_signal_handlers_disconnect_by_data(self->monitors->pdata[i], self);
    g_clear_pointer(&self->monitors, g_ptr_array_unref);
    G_OBJECT_CLASS(rushes_rights_watch_parent_class)->dispose(object);
}

static void rushes_rights_watch_class_init(RushesRightsWatchClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = rushes_rights_watch_dispose;
    g_signal_new("changed", RUSHES_TYPE_RIGHTS_WATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 0);
}

static void rushes_rights_watch_init(RushesRightsWatch *self)
{
    self->monitors = g_ptr_array_new_with_free_func(g_object_unref);
}

RushesRightsWatch *rushes_rights_watch_new(void)
{
    RushesRightsWatch *self = g_object_new(RUSHES_TYPE_RIGHTS_WATCH, NULL);

    watch_all(self);
    return self;
}
