#!/usr/bin/python
# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact
short_description: Install release files with checksum, versions and rollback
version_added: 1.0.0
author:
  - onprem team (@onprem)
description:
  - Brings a list of artifacts (programs, tarballs) to a host, each in its own directory per version, with one link C(current) to the version in use.
  - Files are fetched in parallel, with retry and resume, and their SHA-256 is checked before anything else is touched.
    Archives with absolute paths, C(..), links that lead out of the archive, or special files are refused.
  - Nothing is switched before all artifacts of the call are fetched, checked and unpacked. Each switch is atomic.
  - Earlier versions stay on the disk. Going back to one of them needs no network.
  - A run that was interrupted, at any point, is finished by the next one.
attributes:
  check_mode:
    description: Can run in check mode and say what it would change, without network and on a bare host too.
    support: full
  diff_mode:
    description: Returns versions and links before and after.
    support: full
  idempotent:
    description: A second run looks at the disk only and changes nothing.
    support: full
  platform:
    description: Target systems.
    platforms: linux
    support: full
options:
  artifacts:
    description:
      - What to install. The lookup P(onprem.wandb.catalogue#lookup) returns it.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the artifact. Also the name of its directory below O(root).
        type: str
        required: true
      version:
        description:
          - Version. Also the name of the directory of that version.
        type: str
        required: true
      url:
        description:
          - C(http://), C(https://), or C(file:///) for a file that is on the host already.
        type: str
        required: true
      sha256:
        description:
          - SHA-256 of the file.
        type: str
        required: true
      format:
        description:
          - How the file is unpacked. A V(binary) is stored under the name O(artifacts[].name), executable.
        type: str
        choices: [tar, tar.gz, tar.xz, zip, binary]
        default: binary
      strip_components:
        description:
          - Number of leading directories of an archive to drop.
        type: int
        default: 0
      links:
        description:
          - Symbolic links to make. Absolute path on the host as key, path inside the artifact as value.
        type: dict
        default: {}
  root:
    description:
      - Directory of all artifacts.
    type: path
    default: /opt/onprem-wandb
  keep:
    description:
      - How many earlier versions of each artifact stay on the disk, those that were in use last.
    type: int
    default: 2
  manage_links:
    description:
      - Whether to make and remove the links of O(artifacts[].links). Without, only O(root) is touched.
    type: bool
    default: true
  force_links:
    description:
      - Replace a file or a symbolic link that something else has put where a link should be. Directories are never replaced.
    type: bool
    default: false
  retries:
    description:
      - How many times in a row a download may fail without bringing a single new byte.
    type: int
    default: 5
  retry_pause:
    description:
      - Seconds before the second try. Doubled with each further one, up to 15 seconds.
    type: float
    default: 1
  timeout:
    description:
      - Seconds without a sign of the server after which a try has failed.
    type: int
    default: 30
  deadline:
    description:
      - Seconds for all downloads together. What was fetched until then is used by the next run.
      - Also how long to wait for another run on the same O(root).
    type: int
    default: 900
notes:
  - Proxies are taken from the environment (C(http_proxy), C(https_proxy), C(no_proxy)).
  - C(tar.xz) needs no program C(xz) on the host.
  - With O(root) on an overlay or network file system the rename of a directory may not be atomic.
requirements:
  - Python 3.9 or later on the host, standard library only
seealso:
  - plugin: onprem.wandb.catalogue
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Install the container runtime
  onprem.wandb.artifact:
    artifacts: >-
      {{ lookup('onprem.wandb.catalogue', 'containerd', 'runc',
                versions={'containerd': containerd_version, 'runc': containerd_runc_version}) }}
  notify: Restart containerd

- name: Install a tool that is not in the catalogue
  onprem.wandb.artifact:
    artifacts:
      - name: tool
        version: 1.2.3
        url: https://downloads.example.com/tool-1.2.3.tar.xz
        sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
        format: tar.xz
        strip_components: 1
        links:
          /usr/local/bin/tool: bin/tool
"""

RETURN = r"""
artifacts:
  description: The artifacts in the order of the list.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the artifact.
      type: str
    version:
      description: The version in use now.
      type: str
    previous:
      description: The version that was in use before this call, or null.
      type: str
    path:
      description: Directory of the version.
      type: str
    changed:
      description: Whether anything was changed for this artifact.
      type: bool
    reason:
      description: Why the file had to be fetched, or an empty string.
      type: str
  sample:
    - name: runc
      version: 1.4.3
      previous: 1.4.2
      path: /opt/onprem-wandb/runc/1.4.3
      changed: true
      reason: it is not installed
changed_names:
  description: Names of the artifacts that were changed. Made for conditions of handlers and restarts.
  returned: success
  type: list
  elements: str
  sample: [runc]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.artifacts import SPEC, run


def main() -> t.NoReturn:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
