# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the site's object store is, and with which key."""

from __future__ import annotations

DOCUMENTATION = r"""
name: object_store
author:
  - onprem team (@onprem)
short_description: Address, bucket and current key of the site's object store
version_added: 1.1.0
description:
  - Tells what the inventory says about the object store of group C(minio), read from the group's first host, wherever it is asked - so that all who use
    the bucket use the same one. Variables that only a role's defaults set are not seen.
  - Without hosts in the group the variables of the asking host count, and C(own) is false.
options:
  secrets_dir:
    description: Directory of generated secrets on the controller. Nothing is written there. Without it no key is known but those of the inventory.
    type: str
    default: ""
notes:
  - Use C(lookup), not C(query). The result is one value.
"""

EXAMPLES = r"""
- name: Show where W&B's bucket is
  ansible.builtin.debug:
    msg: "{{ store.url }}/{{ store.bucket }}"
  vars:
    store: "{{ lookup('onprem.wandb.object_store') }}"
"""

RETURN = r"""
_raw:
  description:
    - One value, a dictionary. C(own) (whether group C(minio) has hosts), C(first) (its first host) and its C(address), C(fqdn), C(port), C(endpoint)
      (name and port), C(url), C(bucket), C(region).
    - C(access_key) and C(secret_key) of W&B (empty when it is neither in the inventory nor in a file), C(secret_key_file); C(current_key) by rotation and
      its C(key_file), C(previous_key), C(previous_key_file), C(previous_secret_key_file), C(next_key), C(next_secret_key_file).
    - C(root_user), C(root_password), C(root_password_file) of the administrator.
    - C(mirror_host), the host that mirrors the bucket (empty for none), and C(mirror_problem), a sentence when the variables name one that cannot.
  type: list
  elements: dict
  sample: [{own: true, fqdn: s3.example.com, port: 9000, endpoint: "s3.example.com:9000", bucket: wandb-files, access_key: wandbfiles}]
"""

import pathlib
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.onprem.wandb.plugins.plugin_utils import _store_wiring


def read(path: str) -> t.Optional[str]:
    """Text of a file on the controller, None when there is none."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds bytes that are no text in UTF-8"
        raise AnsibleLookupError(
            f"{path} on the controller cannot be used: {reason}. Expected the file as this site's runs wrote it. Nothing was changed."
            f" Next: ls -l {path}; put it back from where it is kept."
        ) from None


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: t.Optional[dict[str, t.Any]] = None, **kwargs: t.Any) -> list[t.Any]:
        """Return all of it as one value."""
        if terms:
            raise AnsibleLookupError("object_store takes options only, no terms.")
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        hostvars, groups = known.get("hostvars") or {}, known.get("groups") or {}
        asking = str(known.get("inventory_hostname") or "")
        fqdn = self._templar.template(known["wandb_fqdn"]) if known.get("wandb_fqdn") else ""
        return [_store_wiring.wiring(hostvars, groups.get("minio") or [], asking, self.get_option("secrets_dir"), read, str(fqdn))]
