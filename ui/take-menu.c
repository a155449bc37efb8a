// SPDX-License-Identifier: GPL-3.0-or-later
#include "take-menu.h"

#include "popover-at.h"

static GMenuModel *make_menu(void)
{
    static const struct {
        const char *label, *action;
    } items[] = {
        {"_Extend This Take", "win.extend"},
        {"_Use This Recipe", "win.use-recipe"},
        {"_Add to the Timeline", "win.add-to-timeline"},
        {"Write a _Note…", "win.write-note"},
        {"Share This _Take…", "win.share-take"},
        {"_Delete Take", "win.delete-take"},
    };
    GMenu *menu = g_menu_new();

    for (guint i = 0; i < G_N_ELEMENTS(items); i++)
        g_menu_append(menu, items[i].label, items[i].action);
    return G_MENU_MODEL(menu);
}

static void open_menu(GtkWidget *card, double x, double y)
{
    RushesTake *take = rushes_take_card_get_take(RUSHES_TAKE_CARD(card));
    g_autoptr(GMenuModel) menu = make_menu();

    if (!take)
        return;
    // The actions are about the take that is looked at.
    gtk_widget_activate_action(card, "win.show-take", "s", rushes_take_get_id(take));
    GtkWidget *popover = gtk_popover_menu_new_from_model(menu);
    gtk_popover_set_pointing_to(GTK_POPOVER(popover), &(GdkRectangle){(int)x, (int)y, 1, 1});
    gtk_popover_set_has_arrow(GTK_POPOVER(popover), FALSE);
    rushes_popover_open_at(GTK_POPOVER(popover), card);
}

static void on_pressed(GtkGestureClick *gesture, int presses, double x, double y, GtkWidget *card)
{
    gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_CLAIMED);
    open_menu(card, x, y);
}

static void on_long_press(GtkGestureLongPress *gesture, double x, double y, GtkWidget *card)
{
    open_menu(card, x, y);
}

// The row of the list has the focus, and the card in it.
static gboolean on_menu_key(GtkWidget *list, GVariant *arguments, gpointer data)
{
    GtkRoot *root = gtk_widget_get_root(list);
    GtkWidget *row = root ? gtk_root_get_focus(root) : NULL;
    GtkWidget *card = row ? gtk_widget_get_first_child(row) : NULL;

    if (!RUSHES_IS_TAKE_CARD(card))
        return FALSE;
    open_menu(card, gtk_widget_get_width(card) / 2.0, gtk_widget_get_height(card) / 2.0);
    return TRUE;
}

void rushes_take_menu_watch_keys(GtkWidget *list)
{
    GtkEventController *keys = gtk_shortcut_controller_new();
    GtkShortcutTrigger *trigger =
        gtk_alternative_trigger_new(gtk_keyval_trigger_new(GDK_KEY_Menu, 0),
                                    gtk_keyval_trigger_new(GDK_KEY_F10, GDK_SHIFT_MASK));

    gtk_shortcut_controller_add_shortcut(
        GTK_SHORTCUT_CONTROLLER(keys),
        gtk_shortcut_new(trigger, gtk_callback_action_new(on_menu_key, NULL, NULL)));
    gtk_widget_add_controller(list, keys);
}

void rushes_take_menu_attach(RushesTakeCard *card)
{
    GtkGesture *click = gtk_gesture_click_new();
    GtkGesture *press = gtk_gesture_long_press_new();

    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(click), GDK_BUTTON_SECONDARY);
    gtk_gesture_single_set_touch_only(GTK_GESTURE_SINGLE(press), TRUE);
    g_signal_connect(click, "pressed", G_CALLBACK(on_pressed), card);
    g_signal_connect(press, "pressed", G_CALLBACK(on_long_press), card);
    gtk_widget_add_controller(GTK_WIDGET(card), GTK_EVENT_CONTROLLER(click));
    gtk_widget_add_controller(GTK_WIDGET(card), GTK_EVENT_CONTROLLER(press));
}
