//! Version 5.

use super::gathered;
use super::settings::Settings;
use super::wire::{
    Event, GOODBYE, LOST, Message, Outgoing, Quality, READS, REQUESTS, Sent, Session,
    UNACKNOWLEDGED, Wire,
};
use crate::core::fault::Fault;
use rumqttc_v5::{
    AckMode, AsyncClient, BrokerSessionResumePolicy, ConnectReturnCode, ConnectionError,
    Event as Happened, EventLoop, IncomingPacketSizeLimit, LastWill, ManualAck, MqttOptions,
    Packet, PublishNoticeError, PublishOptions, QoS, SubscribeFilterInput, SubscribeReasonCode,
    TlsConfiguration, Transport,
};
use std::future::Future;

/// Messages under way to the broker, which may ask for fewer.
const UNDER_WAY: u16 = 1000;

#[derive(Debug)]
pub struct Version5;

impl Wire for Version5 {
    type Handle = AsyncClient;
    type Line = EventLoop;
    type Acknowledgement = ManualAck;

    fn open(settings: &Settings, session: Session) -> Result<(AsyncClient, EventLoop), Fault> {
        let broker = (settings.host.clone(), settings.port);
        let mut options = MqttOptions::new(settings.client_id.clone(), broker);
        let kept = match session {
            Session::Kept(span) => u32::try_from(span.as_secs()).unwrap_or(u32::MAX),
            Session::Fresh => 0,
        };
        options
            .set_keep_alive(settings.keep_alive_seconds())
            .set_ack_mode(AckMode::Manual)
            .set_socket_connector(|broker, _| gathered::connect(broker))
            .set_max_request_batch(REQUESTS)
            .set_read_batch_size(READS)
            .set_clean_start(session == Session::Fresh)
            .set_session_expiry_interval(Some(kept))
            // What is kept of a session beyond a connection is the journal's.
            .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
            .set_receive_maximum(Some(UNACKNOWLEDGED))
            .set_outgoing_inflight_upper_limit(UNDER_WAY)
            // Behind the properties, which put it back.
            .set_incoming_packet_size_limit(IncomingPacketSizeLimit::Unlimited);
        match (&settings.username, settings.password()?) {
            (Some(username), Some(password)) => {
                options.set_credentials(username.clone(), password);
            }
            (Some(username), None) => {
                options.set_username(username.clone());
            }
            (None, Some(password)) => {
                options.set_password(password);
            }
            (None, None) => {}
        }
        if let Some(config) = &settings.encryption {
            let config = TlsConfiguration::Rustls(std::sync::Arc::clone(config));
            options.set_transport(Transport::tls_with_config(config));
        }
        if let Some((topic, text)) = &settings.will {
            let will = LastWill::new(topic.clone(), text.clone(), QoS::AtLeastOnce, true, None);
            options.set_last_will(will);
        }
        // Bounded all the same: by what the broker sends without an acknowledgement, and by who sends.
        Ok(AsyncClient::builder(options).unbounded().build())
    }

    async fn next(line: &mut EventLoop) -> Result<Event<ManualAck>, String> {
        match line.poll().await.map_err(|error| words(&error))? {
            Happened::Incoming(Packet::ConnAck(answer)) => {
                let packet_max = answer.properties.and_then(|said| said.max_packet_size);
                Ok(Event::Connected { is_resumed: answer.session_present, packet_max })
            }
            Happened::Incoming(Packet::Publish(publish)) => {
                let acknowledgement = match publish.qos {
                    QoS::AtMostOnce => None,
                    QoS::AtLeastOnce => {
                        Some(ManualAck::PubAck(rumqttc_v5::PubAck::new(publish.pkid, None)))
                    }
                    QoS::ExactlyOnce => {
                        Some(ManualAck::PubRec(rumqttc_v5::PubRec::new(publish.pkid, None)))
                    }
                };
                let message = Message {
                    topic: publish.topic,
                    payload: publish.payload,
                    is_retained: publish.retain,
                    properties: publish
                        .properties
                        .map(|all| all.user_properties)
                        .unwrap_or_default(),
                };
                Ok(Event::Message(message, acknowledgement))
            }
            _ => Ok(Event::Other),
        }
    }

    fn subscribe(
        handle: &AsyncClient,
        filters: &[String],
        quality: Quality,
    ) -> impl Future<Output = Result<(), String>> + 'static {
        let inputs: Vec<SubscribeFilterInput> = filters
            .iter()
            .map(|filter| SubscribeFilterInput::new(filter.as_str(), qos(quality)))
            .collect();
        let filters = filters.to_vec();
        let asked = handle.try_subscribe_many_tracked(inputs);
        async move {
            let notice = asked.map_err(|_| "a topic filter is not right".to_owned())?;
            let answer = notice.wait_async().await.map_err(|error| error.to_string())?;
            let refused = |(code, _): &(&SubscribeReasonCode, &String)| {
                !matches!(code, SubscribeReasonCode::Success(_))
            };
            match answer.return_codes.iter().zip(&filters).find(refused) {
                Some((code, filter)) => {
                    Err(format!("it refuses the subscription to `{filter}`: {code:?}"))
                }
                None => Ok(()),
            }
        }
    }

    fn unsubscribe(handle: &AsyncClient, filter: &str) {
        // A connection that is gone has no subscription either.
        drop(handle.try_unsubscribe(filter));
    }

    fn acknowledge(handle: &AsyncClient, acknowledgement: ManualAck) {
        // What is not acknowledged because the connection is gone comes again.
        drop(handle.try_manual_ack(acknowledgement));
    }

    fn send(
        handle: &AsyncClient,
        message: Outgoing,
    ) -> impl Future<Output = Sent> + Send + 'static {
        let options = PublishOptions::new(qos(message.quality)).retain(message.is_retained);
        let sent = handle.try_publish_tracked(message.topic, message.payload, options);
        async move {
            match sent {
                Ok(notice) => match notice.wait_completion_async().await {
                    Ok(()) => Sent::Acknowledged,
                    Err(error) => refusal(&error),
                },
                Err(rumqttc_v5::ClientError::InvalidRequest(_)) => {
                    Sent::Refused("the topic is not right".to_owned())
                }
                Err(error) => Sent::Unknown(error.to_string()),
            }
        }
    }

    fn leave(handle: &AsyncClient) {
        drop(handle.try_disconnect_with_timeout(GOODBYE));
    }
}

fn qos(quality: Quality) -> QoS {
    match quality {
        Quality::AtMostOnce => QoS::AtMostOnce,
        Quality::AtLeastOnce => QoS::AtLeastOnce,
        Quality::ExactlyOnce => QoS::ExactlyOnce,
    }
}

/// Some answers mean that this message will never be taken, others that it may be later.
fn refusal(error: &PublishNoticeError) -> Sent {
    use rumqttc_v5::{PubAckReason as Ack, PubRecReason as Rec};
    let for_ever = matches!(
        error,
        PublishNoticeError::V5PubAck(
            Ack::NotAuthorized | Ack::TopicNameInvalid | Ack::PayloadFormatInvalid
        ) | PublishNoticeError::V5PubRec(
            Rec::NotAuthorized | Rec::TopicNameInvalid | Rec::PayloadFormatInvalid
        ) | PublishNoticeError::RetainNotSupported
    );
    if matches!(error, PublishNoticeError::Recv) {
        return Sent::Unknown(LOST.to_owned());
    }
    if for_ever { Sent::Refused(error.to_string()) } else { Sent::Unknown(error.to_string()) }
}

fn words(error: &ConnectionError) -> String {
    use ConnectReturnCode::{
        BadUserNamePassword, ClientIdentifierNotValid, NotAuthorized, UnsupportedProtocolVersion,
    };
    match error {
        ConnectionError::ConnectionRefused(BadUserNamePassword | NotAuthorized) => {
            "it does not let us in: correct `username` and `password_file`, or the broker's list of users".into()
        }
        ConnectionError::ConnectionRefused(ClientIdentifierNotValid) => {
            "it does not take the name of this client: give another `client_id`".into()
        }
        ConnectionError::ConnectionRefused(UnsupportedProtocolVersion) => {
            "it does not speak MQTT 5: set `version: 3.1.1`".into()
        }
        ConnectionError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused: nobody listens there".into()
        }
        ConnectionError::Timeout(_) => "no answer in time".into(),
        other => other.to_string(),
    }
}
