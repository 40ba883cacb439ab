"""The operations of Valhalla about itself."""

from typing import Annotated

from domain.act import Act
from domain.identity import Role
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, NoParams, Params, Text
from domain.runbook import rules
from domain.runbook.service import evidence
from domain.system.home import home
from domain.system.results import DoctorView, HelpLine, HelpView, HomeView


class Help(Params):
    """What you want to know about."""

    topic: Annotated[Text | None, Arg("a command or a word", "killswitch", Input.TEXT, rest=True)] = None


def usage(operation: AnyOperation, slash: Slash) -> str:
    """Return `/command verb PARAM [param=…]` as people read it."""
    words = [f"/{slash.command}"]
    if slash.verb and not slash.default:
        words.append(slash.verb)
    for parameter in operation.parameters:
        if parameter.arg.hidden:
            continue
        word = f"{parameter.name}=" if parameter.arg.keyword else parameter.name.upper()
        words.append(word if parameter.required else f"[{word}]")
    return " ".join(words)


def _lines(operation: AnyOperation) -> list[HelpLine]:
    return [
        HelpLine(
            operation=operation.name, command=slash.command, usage=usage(operation, slash), summary=operation.summary,
            example=operation.example,
        )
        for slash in operation.typed()
        if slash is operation.slack
    ]  # fmt: skip


def help_view(act: Act, topic: str | None) -> HelpView:
    """List what the asker may do; of one command or word where given."""
    wanted = (topic or "").strip().lstrip("/").lower()
    lines: list[HelpLine] = []
    elsewhere = 0
    for operation in act.registry.public():
        found = [
            line
            for line in _lines(operation)
            if not wanted or wanted in f"{line.command} {line.operation} {line.summary}".lower()
        ]
        if act.standing.at_least(operation.role):
            lines += found
        else:
            elsewhere += len(found)
    role = act.standing.role
    return HelpView(role=role.word if role else None, topic=topic, items=tuple(lines), elsewhere=elsewhere)


def _home(act: Act) -> HomeView:
    may = help_view(act, None)
    return home(act, may.items, may.elsewhere)


def _doctor(act: Act) -> DoctorView:
    checks = rules.judge(evidence(act))
    return DoctorView(ok=all(check.ok or check.severity == "INFO" for check in checks), checks=checks)


OPERATIONS = (
    Operation(
        name="system.help",
        summary="Show what you can do here",
        params=Help,
        result=HelpView,
        run=lambda act, params: help_view(act, params.topic),
        role=None,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("valhalla", "help", default=True),
        example="/valhalla help killswitch",
    ),
    Operation(
        name="system.home",
        summary="Show what needs you first (the Home tab)",
        params=NoParams,
        result=HomeView,
        run=lambda act, _params: _home(act),
        role=None,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("valhalla", "home"),
        example="/valhalla home",
    ),
    Operation(
        name="system.doctor",
        summary="Say what is wrong and how to mend it",
        params=NoParams,
        result=DoctorView,
        run=lambda act, _params: _doctor(act),
        role=Role.MANAGER,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("valhalla", "doctor"),
        http=Http("GET", "doctor"),
        example="/valhalla doctor",
    ),
)
