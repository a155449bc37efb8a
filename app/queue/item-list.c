// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/item-list.h"

typedef struct RushesItemListPrivate {
    GListStore *items;
} RushesItemListPrivate;

static void list_model_init(GListModelInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE(RushesItemList, rushes_item_list, G_TYPE_OBJECT,
                                 G_ADD_PRIVATE(RushesItemList)
                                     G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, list_model_init))

GListStore *rushes_item_list_get_store(RushesItemList *self)
{
    RushesItemListPrivate *own = rushes_item_list_get_instance_private(self);

    return own->items;
}

void rushes_item_list_remove(RushesItemList *self, gpointer item)
{
    GListStore *items = rushes_item_list_get_store(self);
    guint index;

    if (g_list_store_find(items, item, &index))
        g_list_store_remove(items, index);
}

static GType get_item_type(GListModel *model)
{
    return RUSHES_ITEM_LIST_GET_CLASS(model)->item_type;
}

static guint get_n_items(GListModel *model)
{
    GListStore *items = rushes_item_list_get_store(RUSHES_ITEM_LIST(model));

    return items ? g_list_model_get_n_items(G_LIST_MODEL(items)) : 0;
}

static gpointer get_item(GListModel *model, guint position)
{
    GListStore *items = rushes_item_list_get_store(RUSHES_ITEM_LIST(model));

    return items ? g_list_model_get_item(G_LIST_MODEL(items), position) : NULL;
}

static void list_model_init(GListModelInterface *iface)
{
    iface->get_item_type = get_item_type;
    iface->get_n_items = get_n_items;
    iface->get_item = get_item;
}

static void rushes_item_list_constructed(GObject *object)
{
    RushesItemList *self = RUSHES_ITEM_LIST(object);
    RushesItemListPrivate *own = rushes_item_list_get_instance_private(self);

    G_OBJECT_CLASS(rushes_item_list_parent_class)->constructed(object);
    own->items = g_list_store_new(RUSHES_ITEM_LIST_GET_CLASS(self)->item_type);
    g_signal_connect_object(own->items, "items-changed", G_CALLBACK(g_list_model_items_changed),
                            self, G_CONNECT_SWAPPED);
}

static void rushes_item_list_dispose(GObject *object)
{
    RushesItemListPrivate *own = rushes_item_list_get_instance_private(RUSHES_ITEM_LIST(object));

    g_clear_object(&own->items);
    G_OBJECT_CLASS(rushes_item_list_parent_class)->dispose(object);
}

static void rushes_item_list_class_init(RushesItemListClass *klass)
{
    G_OBJECT_CLASS(klass)->constructed = rushes_item_list_constructed;
    G_OBJECT_CLASS(klass)->dispose = rushes_item_list_dispose;
}

static void rushes_item_list_init(RushesItemList *self G_GNUC_UNUSED)
{
}
