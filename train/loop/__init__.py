# SPDX-License-Identifier: GPL-3.0-or-later
"""What every trainer shares: ranks, optimiser, checkpoints, logs and curves."""
