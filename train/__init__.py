# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bundled model is made; see train/README.md."""
