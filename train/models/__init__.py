# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the bundled model, with the tensor names of the families they are miniatures
of.
"""
