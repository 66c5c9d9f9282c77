# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names that preflight knows of other rooms are the names of these rooms."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.onprem.wandb.plugins.plugin_utils import _catalogue, _traffic
from ansible_collections.onprem.wandb.plugins.plugin_utils._preflight import interface, model, values
from ansible_collections.onprem.wandb.plugins.plugin_utils._secrets import known

OPTIONS = values.load_options()
KNOWN = {name for options in OPTIONS.values() for name in options} | set(interface.SITE_OPTIONS) | {"wandb_fqdn", "ansible_host", "ansible_port"}
DEFAULTS = {role: path.read_text(encoding="utf-8") for role, path in values.role_files("defaults/main.yml")}

PORT_NAMES = {name for service in _traffic.SERVICES for name in (service.variable, service.switch) if name}
EXTERNAL_NAMES = {name for _what, required, (host, port, _default) in interface.EXTERNAL.values() for name in (*required, host, port) if name}
SECRET_NAMES = {name for secret in known.KNOWN for name in secret.variables}
OTHER_NAMES = {
    "kubernetes_pod_cidr",
    "kubernetes_service_cidr",
    "kubernetes_control_plane_endpoint",
    "kubernetes_version",
    "containerd_version",
    "mysql_version",
    "redis_version",
    "mysql_accept_single_host",
    "mysql_primary",
    "mysql_address",
    "mysql_endpoint_address",
    "mysql_backup_repository",
    "mysql_backup_accept_none",
    "preflight_allow_no_mysql_endpoint",
    "wandb_mysql_host",
    "minio_host_names",
    "host_etc_hosts",
    "certificates_provided",
    "preflight_size",
    "preflight_product_mix",
    "preflight_minimums",
    "preflight_allow_cgroup_v1",
    "preflight_allow_swap",
    "preflight_allow_duplicate_product_uuid",
    "preflight_secrets_dir",
    *interface.NAMES,
    *interface.CREDENTIALS,
    *interface.CERTIFICATE_NAMES.values(),
    *(variable for _group, variable, _path in interface.DATA_PATHS if variable),
    *(variable for _role, variable, _artifacts in interface.ARTIFACT_VERSIONS),
}


@pytest.mark.parametrize("name", sorted(PORT_NAMES | EXTERNAL_NAMES | SECRET_NAMES | OTHER_NAMES))
def test_variable_is_one_of_a_role(name):
    assert name in KNOWN


@pytest.mark.parametrize(("role", "variable", "artifacts"), interface.ARTIFACT_VERSIONS)
def test_artifacts_are_in_the_catalogue_and_defaults_have_checksums(role, variable, artifacts):
    catalogue = _catalogue.load()
    default = yaml.safe_load(DEFAULTS[role])[variable]
    for artifact in artifacts:
        assert artifact in catalogue["artifacts"]
        assert default in _catalogue.known_versions(catalogue, artifact)


def test_every_generated_secret_is_announced():
    made = set()
    for _role, path in values.role_files("vars/main.yml"):
        for names in re.findall(r"^__\w+_generated: (.*?)^(?=[#_\n])", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            made.update(re.findall(r"\[('?\w+'?)\] if", names))
    assert {name.strip("'") for name in made} == {secret.name for secret in known.KNOWN if secret.variables} - {"minio_secret_key"} | {"__minio_secret_file"}


def test_nothing_makes_a_secret_by_being_read():
    """The password lookup writes its file wherever it is evaluated: in check mode, by preflight, over a site that serves."""
    for path in (values.COLLECTION / "roles").rglob("*"):
        if path.suffix in (".yml", ".j2"):
            text = path.read_text(encoding="utf-8")
            assert not re.findall(r"builtin\.password', (?!'/dev/null')|lookup\('password'", text), path


@pytest.mark.parametrize("name", [secret.name for secret in known.KNOWN if secret.variables])
def test_a_role_uses_the_secret_and_not_what_the_inventory_says_of_it(name):
    """Empty in the defaults stands for the file: only the private variable of the same name is the secret."""
    role = next(role for role in sorted(DEFAULTS, key=len, reverse=True) if name.startswith(role + "_"))
    expression = re.compile(r"\{[{%%](?:(?!\}\}|%%\}).)*(?<![\w/'])%s\b(?!')" % name, re.DOTALL)
    for folder in ("tasks", "templates"):
        for path in (values.COLLECTION / "roles" / role / folder).glob("*"):
            assert not expression.search(path.read_text(encoding="utf-8")), f"{path.name}: write __{name}"


def test_every_role_has_a_place_where_its_variables_are_read():
    controllers = {"accept", "bucket_check", "certificates", "cni", "storage", "ingress", "wandb", "verify"}
    assert set(OPTIONS) == set(model.ROLE_TARGETS) | controllers


def test_a_template_that_would_generate_a_secret_is_known_as_one():
    assert values.generates_secret("{{ lookup('ansible.builtin.password', '/x', length=32) }}")
    assert values.generates_secret("{{ lookup('onprem.wandb.secret', 'x', directory=d) }}")
    assert not values.generates_secret("{{ lookup('onprem.wandb.secrets_dir') }}")
    assert values.generates_secret({"a": ["{{ lookup('password', '/x') }}"]})
    assert not values.generates_secret("{{ lookup('ansible.builtin.file', '/x/password') }}")
