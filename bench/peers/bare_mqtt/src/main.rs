//! The least that a subscriber can do: takes messages with QoS 1, lets the client acknowledge each at once, keeps
//! nothing. `bare_mqtt PORT VERSION COUNT` waits for so many and says how many seconds they took from the connection on;
//! with a COUNT of 0 it subscribes and leaves, so that the broker keeps what comes for it.

use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port: u16 = arguments[0].parse().expect("a port");
    let count: u64 = arguments[2].parse().expect("a number");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let seconds = runtime.block_on(async {
        if arguments[1] == "5" { five(port, count).await } else { four(port, count).await }
    });
    println!("{seconds}");
}

async fn four(port: u16, count: u64) -> f64 {
    use rumqttc_v4::{AsyncClient, Event, MqttOptions, Packet, QoS};
    let mut options = MqttOptions::new("bare", ("127.0.0.1".to_owned(), port));
    options.set_clean_session(false);
    let (client, mut line) = AsyncClient::builder(options).capacity(10).build();
    let (mut taken, mut begin) = (0, Instant::now());
    loop {
        match line.poll().await.expect("a broker") {
            Event::Incoming(Packet::ConnAck(answer)) => {
                begin = Instant::now();
                if !answer.session_present {
                    client.subscribe("bench/#", QoS::AtLeastOnce).await.expect("a subscription");
                }
            }
            Event::Incoming(Packet::SubAck(_)) if count == 0 => return 0.0,
            Event::Incoming(Packet::Publish(_)) => {
                taken += 1;
                if taken == count {
                    return begin.elapsed().as_secs_f64();
                }
            }
            _ => {}
        }
    }
}

async fn five(port: u16, count: u64) -> f64 {
    use rumqttc_v5::{AsyncClient, BrokerSessionResumePolicy, Event, MqttOptions, Packet, QoS};
    let mut options = MqttOptions::new("bare", ("127.0.0.1".to_owned(), port));
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(3600))
        .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
        .set_receive_maximum(Some(4096));
    let (client, mut line) = AsyncClient::builder(options).capacity(10).build();
    let (mut taken, mut begin) = (0, Instant::now());
    loop {
        match line.poll().await.expect("a broker") {
            Event::Incoming(Packet::ConnAck(answer)) => {
                begin = Instant::now();
                if !answer.session_present {
                    client.subscribe("bench/#", QoS::AtLeastOnce).await.expect("a subscription");
                }
            }
            Event::Incoming(Packet::SubAck(_)) if count == 0 => return 0.0,
            Event::Incoming(Packet::Publish(_)) => {
                taken += 1;
                if taken == count {
                    return begin.elapsed().as_secs_f64();
                }
            }
            _ => {}
        }
    }
}
