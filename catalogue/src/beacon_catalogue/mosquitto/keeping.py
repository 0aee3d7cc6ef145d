"""What a broker keeps: retained messages, wills, and sessions whose client is away."""

from __future__ import annotations

from paho.mqtt.packettypes import PacketTypes

from beacon.workloads.answers import expect
from beacon.workloads.suite import Suite
from beacon_catalogue.mosquitto.broker import KEPT_CLIENTS, Broker, client_id, topic
from beacon_catalogue.mosquitto.session import V5, Session, client, properties

SUITE = Suite[Broker]()


@SUITE.check("retained messages")
def _retained(broker: Broker) -> str:
    with client(broker) as writer:
        for payload in (b"old", b"new"):
            writer.publish(topic("retained/a"), payload, 1, retain=True)
        writer.publish(topic("retained/b"), b"gone", 1, retain=True)
        writer.publish(topic("retained/b"), b"", 1, retain=True)
    with client(broker) as reader:
        reader.subscribe(topic("retained/#"), 1)
        found = [(m.topic[-1], m.payload, m.retain) for m in reader.settled()]
        expect(found, [("a", b"new", True)], "what was retained")
        reader.publish(topic("retained/a"), b"live", 1)
        live = reader.message()
        expect((live.payload, live.retain), (b"live", False), "what was not")
    return "the newest"


@SUITE.check("last will")
def _will(broker: Broker) -> str:
    """The last word of a client that breaks off, and of none that leaves in good order."""
    with client(broker) as reader:
        reader.subscribe(topic("will"), 1)
        for crashes in (False, True):
            mortal = Session(broker, V5, "")
            mortal.paho.will_set(topic("will"), f"crashed: {crashes}", 1)
            mortal.connect()
            if crashes:
                mortal.crash()
            mortal.close()
        expect(reader.message().payload, b"crashed: True", "the last will")
        reader.nothing("another will")
    return "1 of 2"


@SUITE.check("persistent session")
def _kept(broker: Broker) -> str:
    """What came while its client was away waits for it; QoS 0 does not."""
    name = client_id("kept")
    with client(broker, name=name, clean_session=True):
        pass
    with client(broker, name=name, clean_session=False) as away:
        away.subscribe(topic("kept"), 2)
    with client(broker) as writer:
        for quality in (1, 2):
            for number in range(10):
                writer.publish(topic("kept"), f"{quality}{number}", quality)
    back = Session(broker, away.version, name, clean_session=False)
    try:
        flags, _, _ = back.connect()
        expect(flags.session_present, True, "a session that is present")
        found = [message.payload.decode("ascii") for message in back.settled()]
    finally:
        back.close()
    expect(sorted(found), [str(number) for number in range(10, 30)], "what had waited")
    return str(len(found))


@SUITE.check("session expiry")
def _kept_for_a_while(broker: Broker) -> str:
    """An MQTT 5 client says how long its session shall outlive it."""
    name, present = client_id("kept5"), []
    for seconds, fresh in ((100, True), (0, False), (100, False)):
        session = Session(broker, V5, name)
        try:
            expiry = properties(PacketTypes.CONNECT, SessionExpiryInterval=seconds)
            flags, _, _ = session.connect(clean_start=fresh, properties=expiry)
            present.append(flags.session_present)
        finally:
            session.close()
    expect(present, [False, True, False], "sessions present")
    return "kept, then ended"


@SUITE.check("session taken over")
def _taken_over(broker: Broker) -> str:
    """A second client of the same name puts the first one out."""
    name = client_id("rival")
    with client(broker, V5, name) as first, client(broker, V5, name) as second:
        code = first.gone.get(timeout=broker.peer.deadline.wait())
        second.subscribe(topic("rival"))
        second.publish(topic("rival"), b"mine now")
        expect(second.message().payload, b"mine now", "the second client's message")
    return str(code.value)


def clean(broker: Broker) -> str:
    """Take back what is retained below our prefix and end the sessions of our names."""
    for name in KEPT_CLIENTS:
        with client(broker, name=client_id(name), clean_session=True):
            pass
    with client(broker) as session:
        session.subscribe(topic("#"), 0)
        for message in session.settled():
            session.publish(message.topic, b"", 1, retain=True)
    return "nothing left"
