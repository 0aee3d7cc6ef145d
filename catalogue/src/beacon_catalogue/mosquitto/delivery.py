"""Messages from one client to others: qualities of service, sizes and wildcards."""

from __future__ import annotations

from functools import partial
from typing import Any

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.mosquitto.broker import Broker, topic
from beacon_catalogue.mosquitto.session import V5, V31, V311, client

#: Every byte value, 1 MiB long.
_LARGE = bytes(range(256)) * 4096
_MANY = 300


def _qualities(version: Any, broker: Broker) -> str:
    """Sent with one quality, received with another: the lower of the two counts."""
    found = []
    with client(broker, version) as reader, client(broker, version) as writer:
        for granted in range(3):
            name = topic(f"qos/{granted}")
            expect(reader.subscribe(name, granted), [granted], "the granted quality")
            for sent in range(3):
                writer.publish(name, f"{sent}", sent)
            messages = [reader.message() for _ in range(3)]
            expect([m.payload for m in messages], [b"0", b"1", b"2"], f"messages by {granted}")
            found.append("".join(str(message.qos) for message in messages))
            reader.unsubscribe(name)
        writer.publish(topic("qos/2"), b"late", 2)
        reader.nothing("messages after unsubscribing")
    expect(found, ["000", "011", "012"], "the qualities")
    return " ".join(found)


def _many(quality: int, broker: Broker) -> str:
    """More than may be under way at once, in their order."""
    with client(broker) as reader, client(broker) as writer:
        reader.subscribe(topic("many"), quality)
        for number in range(_MANY - 1):
            writer.paho.publish(topic("many"), str(number), quality)
        writer.publish(topic("many"), str(_MANY - 1), quality)
        found = [int(payload) for payload in reader.payloads(_MANY)]
    expect(found, list(range(_MANY)), "the numbers in order")
    return str(_MANY)


def _large(broker: Broker) -> str:
    with client(broker) as reader, client(broker, V5) as writer:
        reader.subscribe(topic("large"), 2)
        for payload in (_LARGE, b"", _LARGE[:200_000]):
            writer.publish(topic("large"), payload, 2)
        first, second, third = reader.payloads(3)
    expect(digest(first), digest(_LARGE), "the digest of 1 MiB")
    expect(second, b"", "a message without content")
    expect(digest(third), digest(_LARGE[:200_000]), "the digest of 200 kB")
    return digest(first)


def _wildcards(broker: Broker) -> str:
    names = [topic(f"wild/{rest}") for rest in ("a", "a/b", "b/b", "a/b/c", "é/b")]
    filters = {"wild/+/b": "bbb", "wild/a/#": "aaa", "wild/+/+/c": "c", "wild/é/b": "é"}
    found = []
    with client(broker) as writer:
        for pattern in filters:
            with client(broker) as reader:
                reader.subscribe(topic(pattern), 1)
                for name in names:
                    writer.publish(name, name, 1)
                matching = [message.topic for message in reader.settled()]
                expect([name for name in names if name in matching], matching, pattern)
                found.append(len(matching))
    expect(found, [len(word) for word in filters.values()], "messages by filter")
    return " ".join(str(count) for count in found)


def _several(broker: Broker) -> str:
    """Several filters in one request, of which one is taken away again."""
    with client(broker) as session:
        wanted = [(topic("several/a"), 0), (topic("several/b"), 1), (topic("several/c"), 2)]
        expect(session.subscribe(wanted), [0, 1, 2], "the granted qualities")
        session.unsubscribe(topic("several/b"))
        for name, _ in wanted:
            session.publish(name, name[-1], 1)
        expect([m.payload for m in session.settled()], [b"a", b"c"], "what came")
    return "2 of 3"


def _about_itself(broker: Broker) -> str:
    """The topics in which a broker tells of itself; not every broker does."""
    with client(broker) as session:
        session.subscribe("$SYS/broker/version")
        found = session.settled()
        session.subscribe("#")
        if any(message.topic.startswith("$") for message in session.settled()):
            raise AnswerError("# includes topics that begin with $")
    return found[0].payload.decode("ascii", "replace")[:40] if found else "nothing"


SUITE: Suite[Broker] = Suite.of(
    {
        "MQTT 3.1": partial(_qualities, V31),
        "MQTT 3.1.1": partial(_qualities, V311),
        "MQTT 5": partial(_qualities, V5),
        "many with QoS 0": partial(_many, 0),
        "many with QoS 1": partial(_many, 1),
        "many with QoS 2": partial(_many, 2),
        "1 MiB message": _large,
        "wildcards": _wildcards,
        "several filters": _several,
        "$SYS": _about_itself,
    }
)
