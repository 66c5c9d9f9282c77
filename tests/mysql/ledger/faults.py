"""What happens to hosts. Each fault is done on the console of a host (not over its network) and has an undo that may be called twice."""

from __future__ import annotations

from dataclasses import dataclass

from .pair import Pair, wait_for

# /etc holds the unit, and a mask in /run would not win against it: a drop-in does. The host's next boot forgets it.
DROP_IN = "/run/systemd/system/mysqld.service.d/ledger.conf"
KEEP_DEAD = f"mkdir -p $(dirname {DROP_IN}) && printf '[Unit]\\nConditionPathExists=/run/ledger-lets-it-start\\n[Service]\\nRestart=no\\n' > {DROP_IN}"
CHAIN = "LEDGER"


@dataclass(frozen=True)
class Fault:
    """What happens to a primary. host_answers: whether the controller still reaches the host afterwards."""

    name: str
    text: str
    host_answers: bool = True


KILL = Fault("kill", "kill -9 of mysqld, and the service stays dead")
STOP = Fault("stop", "systemctl stop mysqld")
HANG = Fault("hang", "mysqld is frozen (SIGSTOP): it accepts connections and never answers")
POWER = Fault("power", "the host loses its power (podman kill)", host_answers=False)
CUT_KILL = Fault("cut-kill", "the network between the pair is cut under load, then kill -9")
REBOOT_OFF = Fault("shutdown", "the host shuts down in order and stays off", host_answers=False)
CRASHES = (KILL, STOP, HANG, POWER, CUT_KILL, REBOOT_OFF)


def crash(pair: Pair, host: str, fault: Fault) -> None:
    """Make it happen."""
    if fault is KILL:
        kill(pair, host)
    elif fault is STOP:
        pair.on(host, "systemctl stop mysqld.service", timeout=120)
    elif fault is HANG:
        pair.on(host, "systemctl kill --signal=STOP --kill-who=main mysqld.service")
    elif fault is POWER:
        pair.podman("kill", pair.containers[host])
    elif fault is REBOOT_OFF:
        shut_down(pair, host)
    elif fault is CUT_KILL:
        cut(pair, host, [pair.hosts[pair.other(host)]])
        kill(pair, host)
        heal(pair, host)


def back(pair: Pair, host: str, fault: Fault) -> None:
    """Bring the host back as a person would: switch it on, start the server."""
    if not fault.host_answers:
        power_on(pair, host)
    heal(pair, host)
    revive(pair, host)


def kill(pair: Pair, host: str) -> None:
    """SIGKILL, and systemd is kept from starting the server again."""
    pair.on(host, f"{KEEP_DEAD} && systemctl daemon-reload && systemctl kill --signal=KILL mysqld.service")
    wait_for(f"the end of mysqld on {host}", 20, lambda: "" if unit(pair, host) in ("failed", "inactive") else unit(pair, host))


def crash_and_restart(pair: Pair, host: str) -> None:
    """SIGKILL, and systemd does what it is there for."""
    pair.on(host, "systemctl kill --signal=KILL --kill-who=main mysqld.service")


def unit(pair: Pair, host: str) -> str:
    """State of the server's unit."""
    return pair.on(host, "systemctl show --property=ActiveState --value mysqld.service", check=False).strip()


def revive(pair: Pair, host: str) -> None:
    """The server may start again, and does."""
    thaw = "systemctl kill --signal=CONT --kill-who=main mysqld.service 2>/dev/null"
    pair.on(host, f"rm -f {DROP_IN}; {thaw}; systemctl unmask mysqld.service; systemctl daemon-reload; systemctl reset-failed mysqld.service", check=False)
    pair.on(host, "systemctl start mysqld.service", timeout=180)


def shut_down(pair: Pair, host: str) -> None:
    """systemctl poweroff: every unit is stopped in order, the stop guard runs."""
    pair.on(host, "systemctl poweroff", check=False)
    wait_for(f"{host} switching itself off", 120, lambda: state(pair, host) if state(pair, host) == "running" else "")


def state(pair: Pair, host: str) -> str:
    """The container's state."""
    return pair.podman("inspect", "--format", "{{.State.Status}}", pair.containers[host]).strip()


def power_on(pair: Pair, host: str) -> None:
    """The host boots; /run is new, the disks are as they were."""
    if state(pair, host) != "running":
        pair.podman("start", pair.containers[host])
    wait_for(f"the boot of {host}", 60, lambda: booted(pair, host))


def booted(pair: Pair, host: str) -> str:
    """Empty when sshd runs."""
    seen = pair.on(host, "systemctl is-active ssh.service", check=False).strip()
    return "" if seen == "active" else f"ssh.service is {seen}"


def reboot(pair: Pair, host: str) -> None:
    """systemctl reboot; podman leaves a container that reboots switched off."""
    shut_down(pair, host)
    power_on(pair, host)


def cut(pair: Pair, host: str, addresses: list[str], port: int = 0) -> None:
    """The host neither hears these addresses nor reaches them; with a port only that TCP port of the host is cut."""
    rules = [f"iptables -N {CHAIN}", f"iptables -I INPUT -j {CHAIN}", f"iptables -I OUTPUT -j {CHAIN}"]
    for address in addresses:
        here = f"-p tcp --dport {port}" if port else ""
        there = f"-p tcp --sport {port}" if port else ""
        rules += [f"iptables -A {CHAIN} -s {address} {here} -j DROP", f"iptables -A {CHAIN} -d {address} {there} -j DROP"]
    heal(pair, host)
    pair.on(host, " && ".join(rules))


def heal(pair: Pair, host: str) -> None:
    """No cut any more."""
    undo = f"iptables -D INPUT -j {CHAIN}; iptables -D OUTPUT -j {CHAIN}; iptables -F {CHAIN}; iptables -X {CHAIN}"
    pair.on(host, f"({undo}) 2>/dev/null; ! iptables -S {CHAIN} >/dev/null 2>&1")


def controller(pair: Pair) -> str:
    """This machine's address on the lab's bridge."""
    return next(iter(pair.hosts.values())).rsplit(".", 1)[0] + ".1"
