# SPDX-License-Identifier: GPL-3.0-or-later
"""A small window from which one file can be dragged, once: drag_source.py FILE. It ends when the drag is over."""
import sys

import gi

gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GObject, Gtk  # noqa: E402


def prepare(source, x, y):
    """As a file manager does: the list of files, and their paths as text for who takes no files."""
    files = GObject.Value(Gdk.FileList)
    files.set_boxed(Gdk.FileList.new_from_list([Gio.File.new_for_path(sys.argv[1])]))
    return Gdk.ContentProvider.new_for_value(files)


def activate(application):
    window = Gtk.ApplicationWindow(application=application, title="drag source")
    window.set_default_size(80, 60)
    window.set_decorated(False)
    label = Gtk.Label(label="drag me", hexpand=True, vexpand=True)
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
    source.connect("prepare", prepare)
    source.connect("drag-end", lambda *_: application.quit())  # whoever took it has it now
    label.add_controller(source)
    window.set_child(label)
    window.present()


application = Gtk.Application(application_id="io.rushes.DragSource")
application.connect("activate", activate)
application.run([])
