# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: catalogue_image
author:
  - onprem team (@onprem)
short_description: Container images of the collection by name and version
version_added: 1.0.0
description:
  - Returns the reference of a container image, with its tag, from the collection's catalogue (C(meta/catalogue.yml)).
  - The variable C(artifacts_overrides) can add and replace images in its section C(images).
  - Image names keep their upstream registry; a registry mirror is a setting of containerd (role C(containerd)).
options:
  _terms:
    description:
      - Names of images.
    type: list
    elements: str
    required: true
  version:
    description:
      - The version of the image, without the leading C(v) that many tags have.
    type: str
    required: true
seealso:
  - plugin: onprem.wandb.catalogue
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the image of the ingress controller
  ansible.builtin.debug:
    msg: "{{ lookup('onprem.wandb.catalogue_image', 'traefik', version='3.7.13') }}"

# group_vars/all.yml: an image from somewhere else
# artifacts_overrides:
#   images: {traefik: "registry.example.com/traefik:v{version}"}
"""

RETURN = r"""
_raw:
  description:
    - Image references in the order of the names.
  type: list
  elements: str
  sample:
    - docker.io/library/traefik:v3.7.13
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        try:
            return self._find(terms, variables or {}, kwargs)
        except _catalogue.CatalogueError as error:
            raise AnsibleLookupError(str(error)) from error

    def _find(self, terms: list[t.Any], variables: dict[str, t.Any], kwargs: dict[str, t.Any]) -> list[str]:
        # Looked at before the options are set: they would turn the number 3.10 into the string "3.1".
        if "version" not in kwargs:
            raise _catalogue.CatalogueError(
                f"The lookup onprem.wandb.catalogue_image was not told the version of {', '.join(map(str, terms))}: write version='1.2.3' after the name."
            )
        version = kwargs["version"]
        self.set_options(var_options=variables, direct={**kwargs, "version": str(version)})
        overrides = self._templar.template(variables["artifacts_overrides"]) if "artifacts_overrides" in variables else None
        catalogue = _catalogue.merge(_catalogue.load(), overrides)
        return [_catalogue.resolve_image(catalogue, str(name), version) for name in terms]
