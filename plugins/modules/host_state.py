#!/usr/bin/python
# Copyright (c) 2026 onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages, accounts, release files, files and units of a host in one ordered list and one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_state
short_description: Packages, accounts, release files, files and units of a host in one ordered list
version_added: 1.1.0
description:
  - Brings a host into the declared states, in the order of the list, in one round trip. Half of the time of a task is spent before a module does anything,
    so a role that declares five states by five tasks waits five times.
  - Each state is applied by the code of the module of the same purpose, with the same result, difference and check mode.
  - In check mode a unit is said to be restarted or reloaded for files and programs that states before it would change.
author:
  - onprem team (@onprem)
attributes:
  check_mode:
    support: full
    description: Tells what would change, and changes nothing.
  diff_mode:
    support: full
    description:
      - Shows files and programs as M(onprem.wandb.files) does, and a line for each package, account, link and action on a unit.
      - Secret contents are never shown.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  states:
    description: What is to be so, in this order. Each entry has one of the following keys. A state that fails ends the call; those before it stay applied.
    type: list
    elements: dict
    required: true
    suboptions:
      packages:
        description: Packages of the distribution that are installed, as M(onprem.wandb.os_packages) does.
        type: list
        elements: str
      kernel:
        description: Kernel modules, sysctl and swap, as M(onprem.wandb.kernel_settings) sets them.
        type: dict
        suboptions:
          name:
            description: Base name of the files in C(/etc/modules-load.d) and C(/etc/sysctl.d).
            type: str
            default: onprem-wandb
          modules:
            description:
              - Modules whose function must be there. One that is built into the kernel, or was loaded by the machine a container runs on, is there.
              - They are written down for the next boot unless the system has no directory of modules for its kernel.
            type: list
            elements: str
            default: []
          sysctl:
            description:
              - Values by key. A key with an empty value (null) is left alone.
              - They are written to C(/etc/sysctl.d/90-NAME.conf). A file that is read after it at boot and says otherwise is named in a warning.
            type: dict
            default: {}
          swap:
            description:
              - With V(false) swap is switched off, now and for the next boot (C(/etc/fstab), swap units, zram).
              - With V(true) swap is left as it is.
            type: bool
            default: true
      account:
        description: A system account that a service runs as. Its home is not made.
        type: dict
        suboptions:
          name:
            description: Name of the account, and of its group.
            type: str
            required: true
          home:
            description: Home directory in the database of accounts.
            type: str
            required: true
          shell:
            description: Its shell.
            type: str
            default: /usr/sbin/nologin
      artifacts:
        description:
          - Release files, as M(onprem.wandb.artifact) installs them below C(/opt/onprem-wandb).
          - The lookup P(onprem.wandb.catalogue#lookup) returns the list.
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the artifact. Also the name of its directory below C(/opt/onprem-wandb).
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
              - How the file is unpacked. A V(binary) is stored under the name O(states[].artifacts[].name), executable.
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
      files:
        description: Files and directories, as M(onprem.wandb.files) has them.
        type: list
        elements: dict
        suboptions:
          path:
            description: Absolute path.
            type: path
            required: true
          state:
            description:
              - V(file) is a regular file with the given content, V(directory) a directory, V(absent) no file or link.
              - Missing directories above a path are created with mode 0755. Directories are never removed.
            type: str
            choices: [file, directory, absent]
            default: file
          content:
            description: Content that may be shown in a diff.
            type: str
          secret_content:
            description: Content that is never shown.
            type: str
          owner:
            description: Name or number of the owner. Without it the owner stays as it is.
            type: str
          group:
            description: Name or number of the group. Without it the group stays as it is.
            type: str
          mode:
            description: Mode, for example V('0640'). Needed for files; a new directory without it gets 0755.
            type: raw
      block:
        description: Lines of ours in a file that belongs to somebody else.
        type: dict
        suboptions:
          path:
            description: The file. It must be there.
            type: path
            required: true
          block:
            description: The lines. Empty takes them away.
            type: str
            required: true
          marker:
            description: The line before and after them; V({mark}) becomes BEGIN and END.
            type: str
            default: "# {mark} ANSIBLE MANAGED BLOCK onprem.wandb"
      link:
        description: A symbolic link. One that points elsewhere is turned; anything else that lies there is refused.
        type: dict
        suboptions:
          path:
            description: Where the link is.
            type: path
            required: true
          target:
            description: What it points to.
            type: str
            required: true
      derived:
        description: A file that a command makes of others. The command runs when the file is missing or not newer than each of them.
        type: dict
        suboptions:
          path:
            description: The file that is made. It is as new as the end of the command, whether the command wrote it or not.
            type: path
            required: true
          sources:
            description: What it is made of. One that is not there counts for nothing.
            type: list
            elements: path
            required: true
          command:
            description: Program and arguments.
            type: list
            elements: str
            required: true
          beside:
            description: A path that comes with the command. Where it is not there, there is nothing to make. Empty asks for none.
            type: path
            default: ""
      programs:
        description:
          - Programs in Python and everything that they import, as one version that is there whole or not at all. The lookup P(onprem.wandb.programs#lookup)
            returns the files.
          - A version is written beside the one before, and counts when the link C(current) points to it. Anything else in the directory goes afterwards, once
            no command is just loading it.
        type: dict
        suboptions:
          path:
            description: The directory of the versions. Everything in it is ours.
            type: path
            required: true
          files:
            description: Text by path inside the version.
            type: dict
            required: true
          commands:
            description: Module by path of the command that calls its C(main) with the arguments.
            type: dict
            required: true
      unit:
        description: A unit of systemd, as M(onprem.wandb.unit) runs it.
        type: dict
        suboptions:
          name:
            description: Name of the unit. Several units get the same options, one after the other.
            type: list
            elements: str
            required: true
          enabled:
            description: Whether the unit starts at boot.
            type: bool
            default: true
          state:
            description:
              - V(started) runs, V(stopped) does not.
              - With V(as_is) a unit that does not run is left alone, and one that runs is restarted for the reasons that V(started) has.
                Whether it starts at boot (O(states[].unit.enabled)) is not looked at.
            type: str
            choices: [started, stopped, as_is]
            default: started
          restart_when_newer:
            description: Files the process reads at its start. It is restarted when one of them was written after that. The unit's own files need not be named.
            type: list
            elements: path
            default: []
          reload_when_newer:
            description: Files the process reads again when it is reloaded. It is, when one of them was written after the last start or reload.
            type: list
            elements: path
            default: []
          executable:
            description: The installed binary (links are followed). The unit is restarted when its main process runs another file.
            type: path
          restart:
            description:
              - Restart a running unit in any case. Not needed for what this call changes before it (check mode foretells that);
                outside check mode the comparison with O(states[].unit.restart_when_newer) and O(states[].unit.executable) finds that out by itself.
            type: bool
            default: false
          may_restart:
            description:
              - Whether a running unit may be restarted. With V(false) it is not, nothing counts as changed because of that, and RV(units) says why it should
                be.
            type: bool
            default: true
          reload:
            description: As O(states[].unit.restart), for a reload.
            type: bool
            default: false
          timeout:
            description: Seconds to wait until the unit is active.
            type: int
            default: 90
          cri:
            description:
              - Socket of a container runtime that the unit runs. It is asked for its Status by the kubelet's interface (CRI), outside check mode, until it says
                that it is ready; the unit alone is active without that interface, too.
            type: path
      firewall:
        description:
          - The host's own firewall (firewalld, ufw or nftables, whichever is active) lets exactly this in, now and after a boot.
          - Rules of ours bear a mark, C(onprem.wandb); with firewalld the priorities -20611 and 20611. Those that are no longer wanted go, any other stays.
          - With firewalld the rules are rich rules of all zones in use; with ufw they stand before the operator's where they name a source, and VRRP stands in
            C(/etc/ufw/before.rules); with nftables they stand at the head of each base chain that closes, and in C(/etc/nftables.conf)
            (EL C(/etc/sysconfig/nftables.conf)), which is refused where the next boot could not load that.
          - Where nothing filters, nothing is done. Bare rules of iptables are refused, with the commands.
        type: dict
        suboptions:
          openings:
            description: Who may reach what. An empty list takes all rules of ours away, also those of a firewall that is not active.
            type: list
            elements: dict
            required: true
            suboptions:
              protocol:
                description: The protocol.
                type: str
                choices: [tcp, udp, vrrp]
                required: true
              port:
                description: The port; 0 for V(vrrp), which has none.
                type: int
                default: 0
              sources:
                description: IPv4 addresses and networks. An empty list means from anywhere.
                type: list
                elements: str
                default: []
              service:
                description: What it is for.
                type: str
                default: ""
seealso:
  - module: onprem.wandb.os_packages
  - module: onprem.wandb.kernel_settings
  - module: onprem.wandb.artifact
  - module: onprem.wandb.files
  - module: onprem.wandb.unit
"""

EXAMPLES = r"""
- name: Install, configure and run containerd
  onprem.wandb.host_state:
    states:
      - artifacts: "{{ lookup('onprem.wandb.catalogue', 'containerd', versions={'containerd': '2.3.4'}) }}"
      - files:
          - path: /etc/containerd/config.toml
            content: "{{ lookup('ansible.builtin.template', 'config.toml.j2') }}"
            mode: "0644"
      - unit:
          name: containerd.service
          restart_when_newer: [/etc/containerd/config.toml]
          executable: /usr/local/bin/containerd

- name: Let the other MySQL server in
  onprem.wandb.host_state:
    states:
      - firewall:
          openings:
            - {protocol: tcp, port: 3306, sources: [192.0.2.22], service: MySQL}
            - {protocol: vrrp, sources: [192.0.2.22], service: keepalived}
"""

RETURN = r"""
changed_paths:
  description: Paths of files, blocks, links and programs that were changed, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [/etc/containerd/config.toml]
changed_names:
  description: Names of the artifacts that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [containerd]
units:
  description: By the name of the unit what was done to it, and why; as M(onprem.wandb.unit) returns it.
  returned: success
  type: dict
  sample:
    containerd.service: {actions: [restart], reason: /etc/containerd/config.toml changed after the start}
states:
  description: One entry for each state that was applied, with its kind, its subject, and what the module of the same purpose returns.
  returned: always
  type: list
  elements: dict
  sample:
    - {kind: packages, subject: "", changed: false, installed: []}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.onprem.wandb.plugins.module_utils._host.apply.ordered import STATE, run


class Discreet(AnsibleModule):
    """Logs what it was called for, and not the call.

    In the text of a list the ends of lines are escaped, so that a private key is no longer the string that Ansible takes out of its logs.
    """

    def _log_invocation(self) -> None:
        kinds = [next(kind for kind, value in state.items() if value is not None) for state in self.params["states"]]
        self.log("Invoked for " + " ".join(kinds))


def main() -> t.NoReturn:
    """Entry point."""
    module = Discreet(argument_spec={"states": STATE}, supports_check_mode=True)
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
