//! Version 3.1.1.

use super::gathered;
use super::settings::Settings;
use super::wire::{
    Event, GOODBYE, LOST, Message, Outgoing, PACKET_BYTES, Quality, READS, REQUESTS, Sent, Session,
    Wire,
};
use crate::core::fault::Fault;
use rumqttc_v4::{
    AckMode, AsyncClient, ConnectReturnCode, ConnectionError, Event as Happened, EventLoop,
    LastWill, ManualAck, MqttOptions, Packet, PublishOptions, QoS, SubscribeFilterInput,
    SubscribeReasonCode, TlsConfiguration, Transport,
};
use std::future::Future;

/// Messages under way to the broker, which cannot say in this version how many it takes: as many as mosquitto takes
/// with quality 2 before it ends the connection.
const UNDER_WAY: u16 = 20;

#[derive(Debug)]
pub struct Version4;

impl Wire for Version4 {
    type Handle = AsyncClient;
    type Line = EventLoop;
    type Acknowledgement = ManualAck;

    fn open(settings: &Settings, session: Session) -> Result<(AsyncClient, EventLoop), Fault> {
        let broker = (settings.host.clone(), settings.port);
        let mut options = MqttOptions::new(settings.client_id.clone(), broker);
        options
            .set_keep_alive(settings.keep_alive_seconds())
            .set_ack_mode(AckMode::Manual)
            .set_socket_connector(|broker, _| gathered::connect(broker))
            .set_max_request_batch(REQUESTS)
            .set_read_batch_size(READS)
            .set_max_packet_size(PACKET_BYTES as usize, PACKET_BYTES as usize)
            .set_clean_session(session == Session::Fresh)
            .set_inflight(UNDER_WAY);
        if let Some(username) = &settings.username {
            options.set_credentials(username.clone(), settings.password()?.unwrap_or_default());
        }
        if let Some(config) = &settings.encryption {
            let config = TlsConfiguration::Rustls(std::sync::Arc::clone(config));
            options.set_transport(Transport::tls_with_config(config));
        }
        if let Some((topic, text)) = &settings.will {
            let will = LastWill::new(topic.clone(), text.clone(), QoS::AtLeastOnce, true);
            options.set_last_will(will);
        }
        // Bounded all the same: by what the broker sends without an acknowledgement, and by who sends.
        Ok(AsyncClient::builder(options).unbounded().build())
    }

    async fn next(line: &mut EventLoop) -> Result<Event<ManualAck>, String> {
        match line.poll().await.map_err(|error| words(&error))? {
            Happened::Incoming(Packet::ConnAck(answer)) => {
                Ok(Event::Connected { is_resumed: answer.session_present, packet_max: None })
            }
            Happened::Incoming(Packet::Publish(publish)) => {
                let acknowledgement = match publish.qos {
                    QoS::AtMostOnce => None,
                    QoS::AtLeastOnce => {
                        Some(ManualAck::PubAck(rumqttc_v4::PubAck::new(publish.pkid)))
                    }
                    QoS::ExactlyOnce => {
                        Some(ManualAck::PubRec(rumqttc_v4::PubRec::new(publish.pkid)))
                    }
                };
                let message = Message {
                    topic: publish.topic,
                    payload: publish.payload,
                    is_retained: publish.retain,
                    properties: Vec::new(),
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
                matches!(code, SubscribeReasonCode::Failure)
            };
            match answer.return_codes.iter().zip(&filters).find(refused) {
                Some((_, filter)) => Err(format!("it refuses the subscription to `{filter}`")),
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
                    Err(rumqttc_v4::PublishNoticeError::Recv) => Sent::Unknown(LOST.to_owned()),
                    Err(error) => Sent::Unknown(error.to_string()),
                },
                Err(rumqttc_v4::ClientError::InvalidRequest(_)) => {
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

fn words(error: &ConnectionError) -> String {
    use ConnectReturnCode::{
        BadClientId, BadUserNamePassword, NotAuthorized, RefusedProtocolVersion,
    };
    match error {
        ConnectionError::ConnectionRefused(BadUserNamePassword | NotAuthorized) => {
            "it does not let us in: correct `username` and `password_file`, or the broker's list of users".into()
        }
        ConnectionError::ConnectionRefused(BadClientId) => {
            "it does not take the name of this client: give another `client_id`".into()
        }
        ConnectionError::ConnectionRefused(RefusedProtocolVersion) => {
            "it does not speak MQTT 3.1.1: try `version: 5`".into()
        }
        ConnectionError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused: nobody listens there".into()
        }
        ConnectionError::NetworkTimeout => "no answer in time".into(),
        other => other.to_string(),
    }
}
