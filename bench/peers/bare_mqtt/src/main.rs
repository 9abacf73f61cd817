//! The least that a subscriber can do: takes messages with QoS 1, lets the client acknowledge each at once, keeps
//! nothing. `bare_mqtt PORT VERSION COUNT` waits for so many and says how many seconds they took from the first to the
//! last, and how many of those it was on a processor; with a COUNT of 0 it subscribes and leaves, so that the broker
//! keeps what comes for it.

use std::time::Instant;

/// What has been taken so far.
struct Taken {
    count: u64,
    begin: Instant,
    cpu: f64,
}

impl Taken {
    fn new() -> Self {
        Self { count: 0, begin: Instant::now(), cpu: 0.0 }
    }

    /// Counts one more; answers the seconds since the first, and those on a processor, when it is the last one.
    fn one(&mut self, wanted: u64) -> Option<(f64, f64)> {
        self.count += 1;
        if self.count == 1 {
            (self.begin, self.cpu) = (Instant::now(), cpu_seconds());
        }
        (self.count == wanted)
            .then(|| (self.begin.elapsed().as_secs_f64(), cpu_seconds() - self.cpu))
    }
}

/// Of this process, which has one thread.
fn cpu_seconds() -> f64 {
    let times = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    times.split(' ').next().and_then(|first| first.parse::<f64>().ok()).expect("a number") / 1e9
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port: u16 = arguments[0].parse().expect("a port");
    let count: u64 = arguments[2].parse().expect("a number");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (seconds, cpu) = runtime.block_on(async {
        if arguments[1] == "5" { five(port, count).await } else { four(port, count).await }
    });
    println!("{seconds} {cpu}");
}

async fn four(port: u16, count: u64) -> (f64, f64) {
    use rumqttc_v4::{AsyncClient, Event, MqttOptions, Packet, QoS};
    let mut options = MqttOptions::new("bare", ("127.0.0.1".to_owned(), port));
    options.set_clean_session(false);
    let (client, mut line) = AsyncClient::builder(options).capacity(10).build();
    let mut taken = Taken::new();
    loop {
        match line.poll().await.expect("a broker") {
            Event::Incoming(Packet::ConnAck(answer)) => {
                if !answer.session_present {
                    client.subscribe("bench/#", QoS::AtLeastOnce).await.expect("a subscription");
                }
            }
            Event::Incoming(Packet::SubAck(_)) if count == 0 => return (0.0, 0.0),
            Event::Incoming(Packet::Publish(_)) => {
                if let Some(seconds) = taken.one(count) {
                    return seconds;
                }
            }
            _ => {}
        }
    }
}

async fn five(port: u16, count: u64) -> (f64, f64) {
    use rumqttc_v5::{AsyncClient, BrokerSessionResumePolicy, Event, MqttOptions, Packet, QoS};
    let mut options = MqttOptions::new("bare", ("127.0.0.1".to_owned(), port));
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(3600))
        .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
        .set_receive_maximum(Some(16_384));
    let (client, mut line) = AsyncClient::builder(options).capacity(10).build();
    let mut taken = Taken::new();
    loop {
        match line.poll().await.expect("a broker") {
            Event::Incoming(Packet::ConnAck(answer)) => {
                if !answer.session_present {
                    client.subscribe("bench/#", QoS::AtLeastOnce).await.expect("a subscription");
                }
            }
            Event::Incoming(Packet::SubAck(_)) if count == 0 => return (0.0, 0.0),
            Event::Incoming(Packet::Publish(_)) => {
                if let Some(seconds) = taken.one(count) {
                    return seconds;
                }
            }
            _ => {}
        }
    }
}
