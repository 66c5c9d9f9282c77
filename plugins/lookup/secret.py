# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret of the site."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret
author:
  - onprem team (@onprem)
short_description: A secret out of the site's directory
version_added: 1.0.0
description:
  - Returns the content of a file in the directory of secrets on the controller. It never makes one, as P(ansible.builtin.password#lookup) does;
    that is the work of M(onprem.wandb.secrets), which asks the hosts first.
  - A secret that is not there ends the task. In check mode it is a text that stands for the one to come.
options:
  _terms:
    description: Name of the secret.
    type: list
    elements: str
    required: true
  directory:
    description: Directory of secrets on the controller.
    type: path
    required: true
notes:
  - Use C(lookup), not C(query).
"""

EXAMPLES = r"""
- name: Log in
  onprem.wandb.redis_check:
    host: store1
    password: "{{ lookup('onprem.wandb.secret', 'redis_password', directory=lookup('onprem.wandb.secrets_dir')) }}"
"""

RETURN = r"""
_raw:
  description: The secrets.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import known, store

# Letters and digits, as a real one: nothing refuses it, and nothing is done with it.
STANDS_FOR = "CheckModeMakesNoSecretsAtAll0000"
PLAYBOOKS = {"mysql_backup_password": "backups", "mysql_backup_secret_key": "backups", "minio_backup_secret_key": "minio_backup"}


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return one text per name."""
        self.set_options(var_options=variables, direct=kwargs)
        directory = self.get_option("directory")
        found = []
        for term in terms:
            try:
                secret = known.of(str(term))
            except ValueError as error:
                raise AnsibleLookupError(str(error)) from error
            try:
                content = store.read(directory, str(term))
            except (ValueError, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise AnsibleLookupError(
                    f"The secret {term} in {directory} cannot be read: {reason}. Nothing was changed. Next: ls -l {directory}; "
                    "put the file back from where it is kept."
                ) from None
            if content is None and not self._is_check_mode(variables or {}):
                playbook = PLAYBOOKS.get(secret.name, secret.group)
                raise AnsibleLookupError(
                    f"The secret {term} is not in {directory}. Expected the directory that this site's hosts were set up with; a new site's is filled layer by "
                    f"layer. Nothing was changed. Next: ls -l {directory}; put the file back from where it is kept. On a new site the "
                    f"playbook that makes it: ansible-playbook onprem.wandb.{playbook} -i <inventory>"
                )
            found.append(STANDS_FOR if content is None else content)
        return found

    def _is_check_mode(self, variables: dict[str, t.Any]) -> bool:
        """The variables of a lookup are not templated yet."""
        return bool(self._templar.template(variables.get("ansible_check_mode", False)))
