//! What async-nats does without anything around it: `publish URL COUNT` fills the stream S with lines of standard
//! input, over and over; `acknowledge URL COUNT` pulls and acknowledges each. Prints the seconds it took.

use async_nats::jetstream::{self, consumer, stream};
use futures_util::StreamExt as _;
use std::collections::VecDeque;
use std::io::Read as _;
use std::time::{Duration, Instant};

/// Messages without an acknowledgement at a time.
const IN_FLIGHT: usize = 4_096;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().collect();
    let [_, work, url, count] = words.as_slice() else {
        return Err("usage: nats-peer publish|acknowledge URL COUNT".into());
    };
    let count: usize = count.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = jetstream::new(async_nats::connect(url).await?);
        match work.as_str() {
            "publish" => publish(&context, count).await,
            _ => acknowledge(&context, count).await,
        }
    })
}

async fn publish(context: &jetstream::Context, count: usize) -> Outcome {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let lines: Vec<&str> = text.lines().collect();
    context
        .get_or_create_stream(stream::Config {
            name: "S".into(),
            subjects: vec!["s.>".into()],
            ..Default::default()
        })
        .await?;
    let start = Instant::now();
    let mut waiting = VecDeque::new();
    for line in lines.iter().cycle().take(count) {
        let payload = line.as_bytes().to_vec();
        waiting.push_back(context.publish("s.x", payload.into()).await?);
        if waiting.len() >= IN_FLIGHT
            && let Some(oldest) = waiting.pop_front()
        {
            oldest.await?;
        }
    }
    for acknowledgement in waiting {
        acknowledgement.await?;
    }
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}

async fn acknowledge(context: &jetstream::Context, count: usize) -> Outcome {
    let stream = context.get_stream("S").await?;
    let config = consumer::pull::Config {
        durable_name: Some("peer".into()),
        max_ack_pending: 20_000,
        ..Default::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let start = Instant::now();
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(2_000)
        .heartbeat(Duration::from_secs(5))
        .messages()
        .await?;
    for _ in 0..count {
        let message = messages.next().await.ok_or("the messages end")??;
        message.ack().await?;
    }
    context.client().flush().await?;
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}
