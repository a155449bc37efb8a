# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, not impressions: how good the model is, on what it never saw."""
