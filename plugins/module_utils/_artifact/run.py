# Copyright (c) 2026, onprem team
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of the module artifact: look, decide, fetch everything, then change everything. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.onprem.wandb.plugins.module_utils._artifact import plan as artifact_plan
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.plan import Artifact, ArtifactError, Plan, State
from ansible_collections.onprem.wandb.plugins.module_utils._artifact.store import Lock, Store
from ansible_collections.onprem.wandb.plugins.module_utils._say import CORRECT

if t.TYPE_CHECKING:
    from ansible_collections.onprem.wandb.plugins.module_utils._artifact.fetch import Fetcher

# What only a run with work needs (HTTP, TLS, archives) is imported there: it is half of the time of a run without.
_PARALLEL = 4

Relabel = t.Callable[[str, str], None]


def run(params: t.Mapping[str, t.Any], check: bool, relabel: Relabel) -> dict[str, t.Any]:
    """Return the module's result. Raises ArtifactError."""
    artifacts = artifact_plan.parse(params["artifacts"], params["root"])
    if params["keep"] < 0:
        raise ArtifactError(f"keep must be 0 or more, but it is {params['keep']}. {CORRECT}")
    store = Store(params["root"])
    try:
        result = _result(store, *_look(store, artifacts, params), params)
        if check or not result["changed"]:
            return result
        with Lock(params["root"], params["deadline"]):
            # Another run may have done it all before we had the lock: then it is not our change.
            result = _result(store, *_look(store, artifacts, params), params)
            if not result["changed"]:
                return result
            store.prepare(artifacts)
            plans = _look(store, artifacts, params)[1]
            _stage(store, plans, params, relabel)
            for plan in plans:
                _apply(store, plan)
            store.tidy_cache(artifacts)
    except OSError as error:
        raise ArtifactError(f"{error.filename or params['root']}: {error.strerror or error}. The next run goes on from here.") from error
    return result


def _look(store: Store, artifacts: t.Sequence[Artifact], params: t.Mapping[str, t.Any]) -> tuple[list[State], list[Plan]]:
    states = [store.inspect(artifact, params["manage_links"]) for artifact in artifacts]
    options = (store.root, params["keep"], params["manage_links"], params["force_links"])
    return states, [artifact_plan.plan(artifact, state, *options) for artifact, state in zip(artifacts, states)]


def _stage(store: Store, plans: t.Sequence[Plan], params: t.Mapping[str, t.Any], relabel: Relabel) -> None:
    """Fetch, check and unpack all that is missing. Nothing that is in use is touched, and all failures are reported together."""
    wanted = [plan for plan in plans if plan.fetch]
    if not wanted:
        return
    from concurrent import futures

    from ansible_collections.onprem.wandb.plugins.module_utils._artifact.fetch import Fetcher, Space

    space = Space(store.root, f"The file system of {store.root}")
    fetcher = Fetcher(store.cache, space, params["retries"], params["retry_pause"], params["timeout"], params["deadline"])
    failures = []
    with futures.ThreadPoolExecutor(_PARALLEL) as pool:
        for plan, job in [(plan, pool.submit(_stage_one, store, plan.artifact, fetcher, relabel)) for plan in wanted]:
            try:
                job.result()
            except ArtifactError as error:
                stays = f"Version {plan.previous} stays in place." if plan.previous else "Nothing was installed."
                failures.append(f"{plan.artifact}: {error} {stays}")
    if failures:
        raise ArtifactError(" ".join(failures))


def _stage_one(store: Store, artifact: Artifact, fetcher: Fetcher, relabel: Relabel) -> None:
    from ansible_collections.onprem.wandb.plugins.module_utils._artifact import archive as artifact_archive

    archive = fetcher.fetch(artifact)
    staging = store.staging(artifact)

    def room(size: int) -> None:
        fetcher.space.claim(str(artifact), size)

    try:
        artifact_archive.unpack(archive, artifact.format, artifact.strip_components, artifact.name, staging, store.cache, room)
        for folder, _names, files in os.walk(staging):
            for path in [folder] + [os.path.join(folder, name) for name in files]:
                relabel(path, os.path.normpath(os.path.join(store.path(artifact.name, artifact.version), os.path.relpath(path, staging))))
        store.seal(artifact)
    except ArtifactError as error:
        raise ArtifactError(f"{artifact.url}: {error}") from error
    except OSError as error:
        raise ArtifactError(f"{artifact.url} could not be unpacked: {error.strerror or error} ({error.filename or staging}).") from error
    finally:
        fetcher.space.settle(str(artifact))


def _apply(store: Store, plan: Plan) -> None:
    """Each step leaves a state from which the next run finds its way. Removing comes last."""
    artifact = plan.artifact
    if plan.fetch:
        store.install(artifact)
    if plan.switch:
        store.switch(artifact)
    for path in plan.make_links:
        store.link(artifact, path)
    for path in plan.drop_links:
        store.unlink(path)
    if plan.record:
        store.record(artifact)
    for version in plan.drop_versions:
        store.drop(artifact, version)


def _result(store: Store, states: t.Sequence[State], plans: t.Sequence[Plan], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    before: list[str] = []
    after: list[str] = []
    report = []
    for state, plan in zip(states, plans):
        artifact = plan.artifact
        links = artifact.links if params["manage_links"] else {}
        wanted = {path: artifact_plan.link_target(store.root, artifact.name, member) for path, member in links.items()}
        kept = {path: target for path, target in state.links.items() if path not in plan.drop_links}
        before += artifact_plan.describe(artifact, state.current, {**state.links, **state.foreign}, list(state.installed))
        versions = sorted((set(state.installed) | {artifact.version}) - set(plan.drop_versions))
        after += artifact_plan.describe(artifact, artifact.version, {**kept, **wanted}, versions)
        report.append(
            {
                "name": artifact.name,
                "version": artifact.version,
                "previous": plan.previous,
                "path": store.path(artifact.name, artifact.version),
                "changed": plan.changed,
                "reason": plan.reason,
            }
        )
    return {
        "changed": any(plan.changed for plan in plans),
        "artifacts": report,
        "changed_names": [plan.artifact.name for plan in plans if plan.changed],
        "diff": {"before": "".join(line + "\n" for line in before), "after": "".join(line + "\n" for line in after)},
    }
