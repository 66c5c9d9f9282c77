# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URL of the service that holds a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bucket_url
author:
  - onprem team (@onprem)
short_description: URL of the S3 service of an endpoint, or of Amazon's in a region
version_added: 1.1.0
description:
  - Returns the URL at which an S3 client asks for a bucket. Without an endpoint it is Amazon's service in the region.
positional: region, tls
options:
  _input:
    description: Name and port of the object store; empty for Amazon S3.
    type: str
    required: true
  region:
    description: Region, for Amazon S3.
    type: str
    required: true
  tls:
    description: Whether the service is asked by HTTPS.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show where the bucket is
  ansible.builtin.debug:
    msg: "{{ 's3.example.com:9000' | onprem.wandb.bucket_url('us-east-1') }}"
"""

RETURN = r"""
_value:
  description: The URL, without a slash at the end.
  type: str
  sample: https://s3.example.com:9000
"""

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean


def bucket_url(endpoint: str, region: str, tls: t.Any = True) -> str:
    """The URL."""
    amazon = f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    return f"{'https' if boolean(tls) else 'http'}://{endpoint or amazon}"


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"bucket_url": bucket_url}
