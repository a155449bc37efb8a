# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the kitchen: deterministic, no downloads, no built sprite sheet."""
