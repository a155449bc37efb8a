# SPDX-License-Identifier: GPL-3.0-or-later
"""The toy world: captioned, sounding clips composed from emoji sprites, deterministic by seed."""
