# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a node: decide (from evidence alone), host (looks), api (with kubeadm's own files), run (kubeadm, waits, clean-up). PRIVATE to the collection."""
