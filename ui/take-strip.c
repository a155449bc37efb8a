// SPDX-License-Identifier: GPL-3.0-or-later
#include "take-strip.h"

#include "frame-view.h"
#include "take-card.h"
#include "take-menu.h"

struct _RushesTakeStrip {
    AdwBin parent_instance;

    GtkListView *list;
    GtkLabel *hint;
    GtkScrolledWindow *scroller;
    GtkMultiSelection *selection;
    RushesProject *project;
    guint reveal_source;
    guint revealed; // position
};

enum { SELECTION_CHANGED, ACTIVATE, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesTakeStrip, rushes_take_strip, ADW_TYPE_BIN)

static void rushes_take_strip_dispose(GObject *object)
{
    RushesTakeStrip *self = RUSHES_TAKE_STRIP(object);

    g_clear_handle_id(&self->reveal_source, g_source_remove);
    if (self->selection)
        g_signal_handlers_disconnect_by_data(self->selection, self);
    g_clear_object(&self->selection);
    g_clear_object(&self->project);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_TAKE_STRIP);
    G_OBJECT_CLASS(rushes_take_strip_parent_class)->dispose(object);
}

static GdkContentProvider *on_drag_prepare(GtkDragSource *source, double x, double y,
                                           RushesTakeCard *card)
{
    RushesTake *take = rushes_take_card_get_take(card);
    return take ? gdk_content_provider_new_typed(RUSHES_TYPE_TAKE, take) : NULL;
}

// A take that is selected already can be chosen again, to see it in place of the film: then nothing changes in the list.
static void on_pressed_again(GtkGestureClick *gesture, int presses, double x, double y,
                             RushesTakeStrip *self)
{
    GdkModifierType state =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(gesture));

    if (presses == 1 && !(state & gtk_accelerator_get_default_mod_mask()))
        g_signal_emit(self, signals[SELECTION_CHANGED], 0);
}

static void on_setup(GtkSignalListItemFactory *factory, GtkListItem *item, RushesTakeStrip *self)
{
    RushesTakeCard *card = rushes_take_card_new();
    GtkDragSource *drag = gtk_drag_source_new();
    GtkGesture *click = gtk_gesture_click_new();

    gtk_drag_source_set_actions(drag, GDK_ACTION_COPY);
    g_signal_connect(drag, "prepare", G_CALLBACK(on_drag_prepare), card);
    gtk_widget_add_controller(GTK_WIDGET(card), GTK_EVENT_CONTROLLER(drag));
    g_signal_connect(click, "released", G_CALLBACK(on_pressed_again), self);
    gtk_widget_add_controller(GTK_WIDGET(card), GTK_EVENT_CONTROLLER(click));
    rushes_take_menu_attach(card);
    gtk_list_item_set_child(item, GTK_WIDGET(card));
}

static void on_bind(GtkSignalListItemFactory *factory, GtkListItem *item, RushesTakeStrip *self)
{
    rushes_take_card_set_take(RUSHES_TAKE_CARD(gtk_list_item_get_child(item)),
                              gtk_list_item_get_item(item));
}

static void on_unbind(GtkSignalListItemFactory *factory, GtkListItem *item, RushesTakeStrip *self)
{
    rushes_take_card_set_take(RUSHES_TAKE_CARD(gtk_list_item_get_child(item)), NULL);
}

static void on_selection_changed(RushesTakeStrip *self)
{
    g_autoptr(GPtrArray) selected = rushes_take_strip_get_selected(self);
    gtk_label_set_label(self->hint, selected->len > 1
                                        ? "Compared in lock-step: M changes how, X which one leads"
                                        : "Ctrl+click to compare, double-click for the timeline");
    g_signal_emit(self, signals[SELECTION_CHANGED], 0);
}

static void on_activate(RushesTakeStrip *self, guint position)
{
    g_autoptr(RushesTake) take = g_list_model_get_item(G_LIST_MODEL(self->selection), position);
    if (take)
        g_signal_emit(self, signals[ACTIVATE], 0, take);
}

// Space, Home and End are the player's here too; the list would change the selection.
static gboolean on_key(GtkEventControllerKey *controller, guint key, guint code,
                       GdkModifierType state, RushesTakeStrip *self)
{
    GtkWidget *focus = gtk_root_get_focus(gtk_widget_get_root(GTK_WIDGET(self)));
    const char *action = key == GDK_KEY_space  ? "win.play"
                         : key == GDK_KEY_Home ? "win.go-start"
                         : key == GDK_KEY_End  ? "win.go-end"
                                               : NULL;

    if (!action || state & gtk_accelerator_get_default_mod_mask() || GTK_IS_BUTTON(focus))
        return GDK_EVENT_PROPAGATE;
    return gtk_widget_activate_action(GTK_WIDGET(self), action, NULL);
}

static void leave_keys_to_the_player(RushesTakeStrip *self)
{
    GtkEventController *controller = gtk_event_controller_key_new();

    gtk_event_controller_set_propagation_phase(controller, GTK_PHASE_CAPTURE);
    g_signal_connect(controller, "key-pressed", G_CALLBACK(on_key), self);
    gtk_widget_add_controller(GTK_WIDGET(self->list), controller);
}

static void rushes_take_strip_class_init(RushesTakeStripClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_take_strip_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/take-strip.ui");
    gtk_widget_class_bind_template_child(widget, RushesTakeStrip, list);
    gtk_widget_class_bind_template_child(widget, RushesTakeStrip, hint);
    gtk_widget_class_bind_template_child(widget, RushesTakeStrip, scroller);
    signals[SELECTION_CHANGED] =
        g_signal_new("selection-changed", RUSHES_TYPE_TAKE_STRIP, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                     NULL, G_TYPE_NONE, 0);
    signals[ACTIVATE] = g_signal_new("activate", RUSHES_TYPE_TAKE_STRIP, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 1, RUSHES_TYPE_TAKE);
}

static void rushes_take_strip_init(RushesTakeStrip *self)
{
    g_autoptr(GtkListItemFactory) factory = gtk_signal_list_item_factory_new();

    gtk_widget_init_template(GTK_WIDGET(self));
    g_signal_connect(factory, "setup", G_CALLBACK(on_setup), self);
    g_signal_connect(factory, "bind", G_CALLBACK(on_bind), self);
    g_signal_connect(factory, "unbind", G_CALLBACK(on_unbind), self);
    gtk_list_view_set_factory(self->list, factory);
    rushes_take_menu_watch_keys(GTK_WIDGET(self->list));
    leave_keys_to_the_player(self);
    g_signal_connect_swapped(self->list, "activate", G_CALLBACK(on_activate), self);
}

void rushes_take_strip_set_project(RushesTakeStrip *self, RushesProject *project)
{
    if (self->selection)
        g_signal_handlers_disconnect_by_data(self->selection, self);
    g_clear_object(&self->selection);
    g_set_object(&self->project, project);
    self->selection = gtk_multi_selection_new(g_object_ref(rushes_project_get_takes(project)));
    g_signal_connect_swapped(self->selection, "selection-changed", G_CALLBACK(on_selection_changed),
                             self);
    gtk_list_view_set_model(self->list, GTK_SELECTION_MODEL(self->selection));
    on_selection_changed(self);
}

GPtrArray *rushes_take_strip_get_selected(RushesTakeStrip *self)
{
    GPtrArray *takes = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(GtkBitset) chosen =
        gtk_selection_model_get_selection(GTK_SELECTION_MODEL(self->selection));
    GtkBitsetIter iter;
    guint position;

    for (gboolean more = gtk_bitset_iter_init_first(&iter, chosen, &position);
         more && takes->len < RUSHES_FRAME_VIEW_MOST; more = gtk_bitset_iter_next(&iter, &position))
        g_ptr_array_add(takes, g_list_model_get_item(G_LIST_MODEL(self->selection), position));
    return takes;
}

static gboolean find_position(RushesTakeStrip *self, RushesTake *take, guint *position)
{
    GListModel *model = G_LIST_MODEL(self->selection);
    for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
        g_autoptr(RushesTake) item = g_list_model_get_item(model, i);
        if (item == take) {
            *position = i;
            return TRUE;
        }
    }
    return FALSE;
}

// The list's own action: GtkListView of this GTK has no function for it.
static gboolean scroll_to_revealed(gpointer data)
{
    RushesTakeStrip *self = data;

    self->reveal_source = 0;
    if (self->revealed < g_list_model_get_n_items(G_LIST_MODEL(self->selection)))
        gtk_widget_activate_action(GTK_WIDGET(self->list), "list.scroll-to-item", "u",
                                   self->revealed);
    return G_SOURCE_REMOVE;
}

// After the next layout: a take that is new has no place in the list before.
static void reveal(RushesTakeStrip *self, guint position)
{
    self->revealed = position;
    if (!self->reveal_source)
        self->reveal_source = g_idle_add_full(G_PRIORITY_LOW, scroll_to_revealed, self, NULL);
}

static void choose(RushesTakeStrip *self, guint position)
{
    GtkSelectionModel *selection = GTK_SELECTION_MODEL(self->selection);
    g_autoptr(GtkBitset) before = gtk_selection_model_get_selection(selection);
    gboolean again = gtk_bitset_get_size(before) == 1 && gtk_bitset_contains(before, position);

    gtk_selection_model_select_item(selection, position, TRUE);
    reveal(self, position);
    if (again)
        g_signal_emit(self, signals[SELECTION_CHANGED], 0);
}

void rushes_take_strip_select(RushesTakeStrip *self, RushesTake *take)
{
    guint position;
    if (!find_position(self, take, &position))
        return;
    choose(self, position);
}

void rushes_take_strip_select_pair(RushesTakeStrip *self, RushesTake *one, RushesTake *other)
{
    guint first, second;
    if (!find_position(self, one, &first) || !find_position(self, other, &second))
        return;
    gtk_selection_model_select_item(GTK_SELECTION_MODEL(self->selection), first, TRUE);
    gtk_selection_model_select_item(GTK_SELECTION_MODEL(self->selection), second, FALSE);
}

void rushes_take_strip_step(RushesTakeStrip *self, int by)
{
    g_autoptr(GPtrArray) selected = rushes_take_strip_get_selected(self);
    int count = (int)g_list_model_get_n_items(G_LIST_MODEL(self->selection));
    guint position = 0;

    if (count == 0)
        return;
    if (selected->len > 0 && find_position(self, selected->pdata[0], &position))
        position = (guint)CLAMP((int)position + by, 0, count - 1);
    choose(self, position);
}

GtkWidget *rushes_take_strip_get_card(RushesTakeStrip *self, RushesTake *take)
{
    GtkWidget *row = gtk_widget_get_first_child(GTK_WIDGET(self->list));

    for (; row; row = gtk_widget_get_next_sibling(row)) {
        GtkWidget *card = gtk_widget_get_first_child(row);
        if (RUSHES_IS_TAKE_CARD(card) && gtk_widget_get_mapped(card) &&
            rushes_take_card_get_take(RUSHES_TAKE_CARD(card)) == take)
            return card;
    }
    return GTK_WIDGET(self);
}
