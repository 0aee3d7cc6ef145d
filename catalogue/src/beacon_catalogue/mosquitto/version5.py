"""What only MQTT 5 has."""

from __future__ import annotations

import time
from typing import Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.subscribeoptions import SubscribeOptions

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.mosquitto.broker import Broker, client_id, topic
from beacon_catalogue.mosquitto.session import V5, Session, client, properties

SUITE = Suite[Broker]()

_SHARED = 20


@SUITE.check("shared subscription")
def _shared(broker: Broker) -> str:
    """Every message goes to one of a group's members, and each member gets some."""
    group = "$share/beacon-check/" + topic("shared")
    with client(broker, V5) as first, client(broker, V5) as second, client(broker, V5) as writer:
        for member in (first, second):
            expect(member.subscribe(group, 1), [1], "the granted quality")
        for number in range(_SHARED):
            writer.publish(topic("shared"), str(number), 1)
        shares = [[int(m.payload) for m in member.settled()] for member in (first, second)]
    expect(sorted(shares[0] + shares[1]), list(range(_SHARED)), "the shares together")
    expect(all(shares), True, "that each member has a share")
    return str(_SHARED)


@SUITE.check("properties")
def _properties(broker: Broker) -> str:
    told: dict[str, Any] = {
        "PayloadFormatIndicator": 1,
        "ContentType": "text/plain",
        "ResponseTopic": topic("answers"),
        "CorrelationData": bytes(range(256)),
        "UserProperty": [("a", "1"), ("a", "é"), ("b", "")],
    }
    with client(broker, V5) as session:
        identifier = properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=7)
        session.subscribe(topic("told"), 1, properties=identifier)
        session.publish(topic("told"), "text", 1, properties=properties(**told))
        received = session.message().properties
        for name, value in told.items():
            expect(getattr(received, name, None), value, name)
        expect(getattr(received, "SubscriptionIdentifier", None), [7], "the subscription's number")
    return str(len(told))


@SUITE.check("topic alias")
def _alias(broker: Broker) -> str:
    """A topic's name is sent once, and afterwards only its number."""
    with client(broker, V5) as session:
        session.subscribe(topic("alias"), 1)
        session.publish(topic("alias"), b"named", 1, properties=properties(TopicAlias=3))
        session.publish("", b"numbered", 1, properties=properties(TopicAlias=3))
        found = [session.message() for _ in range(2)]
    expect([m.payload for m in found], [b"named", b"numbered"], "the messages")
    expect([m.topic for m in found], [topic("alias")] * 2, "their topics")
    return "2"


@SUITE.check("subscription options")
def _options(broker: Broker) -> str:
    """Not one's own messages; retained ones as they were published; none at first."""
    with client(broker, V5) as writer, client(broker, V5) as other:
        writer.subscribe(topic("own"), options=SubscribeOptions(1, noLocal=True))
        other.subscribe(topic("own"), options=SubscribeOptions(1, retainAsPublished=True))
        writer.publish(topic("own"), b"x", 1, retain=True)
        expect(other.message().retain, True, "the mark of a retained message")
        writer.nothing("one's own messages")
        other.subscribe(topic("own"), options=SubscribeOptions(1, retainHandling=2))
        other.nothing("a retained message that was declined")
    return "heeded"


@SUITE.check("message expiry")
def _expiry(broker: Broker) -> str:
    """What is too old when its reader comes back is not delivered."""
    name, lasting = client_id("held"), properties(PacketTypes.CONNECT, SessionExpiryInterval=60)
    reader = Session(broker, V5, name)
    reader.connect(clean_start=True, properties=lasting)
    reader.subscribe(topic("held"), 1)
    reader.close()
    with client(broker, V5) as writer:
        writer.publish(topic("held"), b"short", 1, properties=properties(MessageExpiryInterval=1))
        writer.publish(topic("held"), b"long", 1, properties=properties(MessageExpiryInterval=99))
    time.sleep(broker.peer.deadline.left(2.1))  # brokers count in whole seconds
    back = Session(broker, V5, name)
    try:
        back.connect(clean_start=False)
        expect([message.payload for message in back.settled()], [b"long"], "what is still good")
    finally:
        back.close()
    return "1 of 2"


@SUITE.check("assigned client id")
def _named_by_broker(broker: Broker) -> str:
    session = Session(broker, V5, "")
    try:
        _, code, told = session.connect()
        expect(code.is_failure, False, "a refusal")
        expect(len(getattr(told, "AssignedClientIdentifier", "")) > 0, True, "a name was given")
    finally:
        session.close()
    return "given"


@SUITE.check("delayed will")
def _will_later(broker: Broker) -> str:
    """A will that waits is not sent if its client comes back in time."""
    with client(broker, V5) as reader:
        reader.subscribe(topic("later"), 1)
        lasting = properties(PacketTypes.CONNECT, SessionExpiryInterval=60)
        mortal = Session(broker, V5, client_id("held"))
        later = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=30)
        mortal.paho.will_set(topic("later"), b"dead", 1, properties=later)
        mortal.connect(clean_start=True, properties=lasting)
        mortal.crash()
        mortal.close()
        with client(broker, V5, client_id("held")):
            pass
        reader.nothing("the will of a client that came back")
    return "not sent"
