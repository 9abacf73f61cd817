//! Packets of version 3.1.1, as the crate `rumqttc-v4-next` reads and writes them.

use super::frame::malformed;
use super::settings::Settings;
use super::wire::{Connected, Outgoing, Packet, Quality, Session, Stage};
use bytes::BytesMut;
use rumqttc_v4 as four;
use rumqttc_v4::{ConnectAuth, ConnectReturnCode, QoS};

/// Messages under way to the broker, which cannot say in this version how many it takes: as many as mosquitto takes
/// with quality 2 before it ends the connection.
pub const UNDER_WAY: u16 = 20;

/// A packet that is no message is a few bytes long; the crate wants a limit.
const PACKET_BYTES: usize = 268_435_460;

/// What is asked for at the beginning of a connection.
pub fn connect(
    settings: &Settings,
    password: Option<String>,
    session: Session,
    out: &mut BytesMut,
) -> Result<(), four::mqttbytes::Error> {
    let mut connect = four::Connect::new(settings.client_id.clone());
    connect.keep_alive = settings.keep_alive_seconds();
    connect.clean_session = session == Session::Fresh;
    connect.last_will = settings.will.as_ref().map(|(topic, text)| {
        four::LastWill::new(topic.clone(), text.clone(), QoS::AtLeastOnce, true)
    });
    connect.auth = match (settings.username.clone(), password) {
        // A password alone cannot be said in this version.
        (None, _) => ConnectAuth::None,
        (Some(username), password) => {
            let password = password.unwrap_or_default().into();
            ConnectAuth::UsernamePassword { username, password }
        }
    };
    connect.write(out).map(drop)
}

pub fn subscribe(
    id: u16,
    filters: &[String],
    quality: Quality,
    out: &mut BytesMut,
) -> Result<(), four::mqttbytes::Error> {
    let filters = filters.iter().map(|it| four::SubscribeFilter::new(it.clone(), qos(quality)));
    four::Subscribe { pkid: id, filters: filters.collect() }.write(out).map(drop)
}

pub fn unsubscribe(
    id: u16,
    filters: &[String],
    out: &mut BytesMut,
) -> Result<(), four::mqttbytes::Error> {
    four::Unsubscribe { pkid: id, topics: filters.to_vec() }.write(out).map(drop)
}

pub fn publish(
    id: u16,
    message: &Outgoing,
    out: &mut BytesMut,
) -> Result<(), four::mqttbytes::Error> {
    let (topic, payload) = (message.topic.as_str(), message.payload.clone());
    let mut publish = four::Publish::from_bytes(topic, qos(message.quality), payload);
    (publish.pkid, publish.retain) = (id, message.is_retained);
    publish.write(out).map(drop)
}

/// Reads a whole packet that is no message.
pub fn read(packet: &[u8]) -> Result<Packet, String> {
    use four::Packet as Read;
    let packet = Read::read(&mut BytesMut::from(packet), PACKET_BYTES)
        .map_err(|error| malformed(&format!("a packet ({error})")))?;
    let answer = |stage, id| Packet::Answer { stage, id, refusal: None };
    Ok(match packet {
        Read::ConnAck(answer) => connected(&answer),
        Read::SubAck(answer) => {
            let refusals = answer.return_codes.iter().map(|code| match code {
                four::SubscribeReasonCode::Success(_) => None,
                four::SubscribeReasonCode::Failure => Some("no reason is given".to_owned()),
            });
            Packet::Subscribed { id: answer.pkid, refusals: refusals.collect() }
        }
        Read::UnsubAck(answer) => Packet::Unsubscribed { id: answer.pkid },
        Read::PubAck(it) => answer(Stage::Acknowledged, it.pkid),
        Read::PubRec(it) => answer(Stage::Received, it.pkid),
        Read::PubComp(it) => answer(Stage::Completed, it.pkid),
        Read::PubRel(release) => Packet::Released { id: release.pkid },
        Read::PingResp => Packet::Pong,
        other => return Err(format!("it sent what no broker sends: {:?}", other.packet_type())),
    })
}

fn connected(answer: &four::ConnAck) -> Packet {
    use ConnectReturnCode::{
        BadClientId, BadUserNamePassword, NotAuthorized, RefusedProtocolVersion,
        ServiceUnavailable, Success,
    };
    Packet::Refused(match answer.code {
        Success => {
            return Packet::Connected(Connected {
                is_resumed: answer.session_present,
                packet_max: None,
                under_way_max: None,
                quality_max: None,
                keeps_retained: true,
                keep_alive: None,
            });
        }
        BadUserNamePassword | NotAuthorized => {
            "it does not let us in: correct `username` and `password_file`, or the broker's list of users".into()
        }
        BadClientId => "it does not take the name of this client: give another `client_id`".into(),
        RefusedProtocolVersion => "it does not speak MQTT 3.1.1: try `version: 5`".into(),
        ServiceUnavailable => "it does not let us in: it is not available".into(),
    })
}

fn qos(quality: Quality) -> QoS {
    match quality {
        Quality::AtMostOnce => QoS::AtMostOnce,
        Quality::AtLeastOnce => QoS::AtLeastOnce,
        Quality::ExactlyOnce => QoS::ExactlyOnce,
    }
}
