# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: catalogue
author:
  - onprem team (@onprem)
short_description: Artifacts of the collection by name and version
version_added: 1.0.0
description:
  - Returns entries of the collection's catalogue (C(meta/catalogue.yml)) as the module M(onprem.wandb.artifact) takes them.
  - The variable C(artifacts_mirror) sends all downloads to a mirror, the variable C(artifacts_overrides) adds artifacts and versions.
  - A version without a checksum is an error.
options:
  _terms:
    description:
      - Names of artifacts.
      - Without any, all names in O(versions).
    type: list
    elements: str
  versions:
    description:
      - The version of each artifact, by name.
      - Names that are not asked for are ignored.
    type: dict
  known:
    description:
      - Return the versions that have a checksum, newest first and by name, instead of artifacts.
      - O(versions) is not needed then.
    type: bool
    default: false
notes:
  - Use C(lookup), not C(query). The result is one value, a list even for one name; with C(query) it would be a list in a list.
  - An override is an entry by artifact name with any of C(url), C(format), C(strip_components), C(links), C(versions).
    C(versions) is added to the catalogue's versions, each of the others replaces the catalogue's value.
  - With a mirror, C(https://host/path) becomes C(<mirror>/files/host/path). An address that has no scheme is relative to the mirror.
    C(file://) is a file on the host itself and stays as it is.
seealso:
  - module: onprem.wandb.artifact
  - plugin: onprem.wandb.catalogue_image
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Install the container runtime
  onprem.wandb.artifact:
    artifacts: >-
      {{ lookup('onprem.wandb.catalogue', 'containerd', 'runc',
                versions={'containerd': containerd_version, 'runc': containerd_runc_version}) }}

- name: Show which Kubernetes versions can be installed
  ansible.builtin.debug:
    msg: "{{ lookup('onprem.wandb.catalogue', 'kubeadm', known=true)['kubeadm'] }}"

# group_vars/all.yml of a site with a mirror and a version that the catalogue does not have
# artifacts_mirror: http://mirror.example.com:8080
# artifacts_overrides:
#   kubeadm: {versions: {"1.36.9": 0f4a…}}
#   mysql: {url: "files/mysql-{version}.tar.xz", versions: {"8.4.99": 7be1…}}
"""

RETURN = r"""
_raw:
  description:
    - One value. A list of artifacts in the order of the names, or with O(known=true) a mapping of name to versions.
  type: list
  elements: raw
  sample:
    - - name: runc
        version: 1.4.3
        url: https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64
        sha256: f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60
        format: binary
        strip_components: 0
        links:
          /usr/local/bin/runc: runc
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [self._find(terms, variables or {})]
        except _catalogue.CatalogueError as error:
            raise AnsibleLookupError(str(error)) from error

    def _find(self, terms: list[t.Any], variables: dict[str, t.Any]) -> t.Any:
        versions = self.get_option("versions") or {}
        names = [str(name) for name in terms] or [str(name) for name in versions]
        catalogue = _catalogue.merge(_catalogue.load(), self._variable(variables, "artifacts_overrides"))
        if self.get_option("known"):
            return {name: _catalogue.known_versions(catalogue, name) for name in names}
        missing = [name for name in names if name not in versions]
        if missing or not names:
            what = ", ".join(missing) or "any artifact"
            example = missing[0] if missing else "name"
            raise _catalogue.CatalogueError(
                f"The lookup onprem.wandb.catalogue was not told the version of {what}: write versions={{'{example}': '1.2.3'}} after the names."
            )
        mirror = _catalogue.check_mirror(self._variable(variables, "artifacts_mirror"))
        return [_catalogue.resolve(catalogue, name, versions[name], mirror) for name in names]

    def _variable(self, variables: dict[str, t.Any], name: str) -> t.Any:
        """The variables of a lookup are not templated yet."""
        return self._templar.template(variables[name]) if name in variables else None
