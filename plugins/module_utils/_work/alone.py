# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to the collection: the work of a module done without a process of Python, Ansible's imports and a way there for this one module."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

Result = dict[str, t.Any]


class Ended(SystemExit):
    """A module has its result. Like the end of a process, so that nothing on the way takes it for an error."""

    def __init__(self, result: Result) -> None:
        super().__init__(0)
        self.result = result


class Alone:
    """The module as its work sees it: with its arguments, and a result that is told to who asked."""

    def __init__(self, around: t.Any, params: dict[str, t.Any]) -> None:
        self._around = around
        self.params = params

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._around, name)

    def exit_json(self, **result: t.Any) -> t.NoReturn:
        raise Ended(result)

    def fail_json(self, msg: str, **result: t.Any) -> t.NoReturn:
        result.pop("exception", None)
        raise Ended({"changed": False, **result, "failed": True, "msg": msg})


def result_of(work: t.Any, around: t.Any, arguments: Result) -> Result:
    """The result of one module, without its secrets. `work` is a file of this directory; `around` has check mode and what else the work asks a module for."""
    secrets = {str(arguments[key]) for key, option in work.SPEC.items() if option.get("no_log") and arguments.get(key)}
    checked = ArgumentSpecValidator(work.SPEC).validate(arguments)
    result: Result = {"changed": False, "failed": True, "msg": "; ".join(checked.error_messages)}
    if not checked.error_messages:
        try:
            work.run(Alone(around, checked.validated_parameters))
        except Ended as end:
            result = end.result
    return t.cast(Result, remove_values(result, secrets))
