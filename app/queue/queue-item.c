// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/queue-item.h"

#include "places.h"

struct _RushesQueueItem {
    GObject parent_instance;

    gint64 id;
    char *project;
    RushesTake *take;
    double position;
};

G_DEFINE_FINAL_TYPE(RushesQueueItem, rushes_queue_item, G_TYPE_OBJECT)

static void rushes_queue_item_finalize(GObject *object)
{
    RushesQueueItem *self = RUSHES_QUEUE_ITEM(object);

    g_free(self->project);
    g_clear_object(&self->take);
    G_OBJECT_CLASS(rushes_queue_item_parent_class)->finalize(object);
}

static void rushes_queue_item_class_init(RushesQueueItemClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = rushes_queue_item_finalize;
}

static void rushes_queue_item_init(RushesQueueItem *self)
{
}

RushesQueueItem *rushes_queue_item_new(gint64 id, const char *project, RushesTake *take,
                                       double position)
{
    RushesQueueItem *self = g_object_new(RUSHES_TYPE_QUEUE_ITEM, NULL);
    self->id = id;
    self->project = g_strdup(project);
    self->take = g_object_ref(take);
    self->position = position;
    return self;
}

gint64 rushes_queue_item_get_id(RushesQueueItem *self)
{
    return self->id;
}

const char *rushes_queue_item_get_project(RushesQueueItem *self)
{
    return self->project;
}

RushesTake *rushes_queue_item_get_take(RushesQueueItem *self)
{
    return self->take;
}

double rushes_queue_item_get_position(RushesQueueItem *self)
{
    return self->position;
}

char *rushes_queue_item_dup_name(RushesQueueItem *self, const char *here)
{
    g_autofree char *name = rushes_places_project_name(self->project);
    int number = rushes_take_get_number(self->take);

    return g_strcmp0(self->project, here) == 0 ? g_strdup_printf("Take %d", number)
                                               : g_strdup_printf("Take %d of %s", number, name);
}

void rushes_queue_item_set_take(RushesQueueItem *self, RushesTake *take)
{
    g_set_object(&self->take, take);
}

void rushes_queue_item_set_position(RushesQueueItem *self, double position)
{
    self->position = position;
}
