//! HTTP/1.1 listening shared by generated routes, intake, resources, live pages and the admin listener.
//! Resources and views hand a `Router` to it; it knows nothing of them.

mod answer;
mod body;
mod chunked;
mod connection;
mod date;
mod delivering;
mod exchange;
mod framing;
mod gate;
mod guard;
mod handler;
mod head;
mod input;
mod limits;
mod listener;
mod meter;
mod negotiation;
mod pool;
mod problem;
mod respond;
mod response;
mod router;
mod running;
mod shared;
mod signal;
mod stream;
mod timer;
mod wire;

pub use answer::Answer;
pub use body::{Body, BodyError};
pub use gate::{Gate, GateHeaders};
pub use handler::{Attempt, BodyReading, Quick, Reply, Request, Slow};
pub use head::RequestHead;
pub use limits::Limits;
pub use meter::{LATENCY_BUCKETS, MeterSnapshot, latency_bound};
pub use negotiation::prefers_json;
pub use pool::ServerPool;
pub use problem::{Problem, ProblemBody, ProblemForm};
pub use response::{Response, ResponseBody};
pub use router::{Route, Router, UVICORN_METHODS};
pub use running::{RunningServer, Server, ServerConfig, StartError, Stopped};
pub use stream::{StreamBody, StreamEnded, StreamSender, stream};

#[cfg(test)]
pub(crate) use stream::Next;
#[cfg(test)]
pub(crate) mod tests;
