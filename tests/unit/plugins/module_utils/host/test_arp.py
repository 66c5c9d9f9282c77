# Copyright: (c) 2026, onprem team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Frames of ARP, and the route that says where to send them."""

from __future__ import annotations

import socket
import struct

from ansible_collections.onprem.wandb.plugins.module_utils._host import arp

ME, OTHER = b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02"


def reply(address: str, operation: int = 2) -> bytes:
    """What a holder of the address sends."""
    body = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, OTHER, socket.inet_aton(address), ME, bytes(4))
    return ME + OTHER + struct.pack("!H", 0x0806) + body


def test_a_probe_names_no_sender():
    frame = arp.probe(ME, "192.0.2.20")
    assert frame[:6] == b"\xff" * 6 and len(frame) == 42
    assert frame[28:32] == bytes(4) and frame[38:42] == socket.inet_aton("192.0.2.20")


def test_an_answer():
    assert arp.answer(reply("192.0.2.20"), "192.0.2.20") == "02:00:00:00:00:02"


def test_frames_that_are_no_answer():
    for frame in (b"", reply("192.0.2.21"), reply("192.0.2.20", 1), reply("192.0.2.20")[:30], b"\0" * 60, arp.probe(ME, "192.0.2.20")):
        assert arp.answer(frame, "192.0.2.20") == ""


def test_where_to_ask():
    assert arp.interface_of('[{"dst":"192.0.2.20","dev":"eth0","prefsrc":"192.0.2.21","flags":[]}]') == "eth0"
    assert arp.interface_of('[{"dst":"198.51.100.1","gateway":"192.0.2.1","dev":"eth0"}]') == ""
    assert arp.interface_of('[{"type":"local","dst":"192.0.2.21","dev":"lo"}]') == ""
    assert arp.interface_of("") == ""


def test_an_interface_that_cannot_be_asked():
    assert arp.ask("192.0.2.20", "no-such-nic") == ""
