# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes: http (one transport), api, ready (nodes and workloads), cluster_info, ingress; kubeadm has a package of its own. PRIVATE to the collection."""
