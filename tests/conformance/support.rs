//! Components out of the catalog, as a stack file would make them.

use headwater::catalog::Catalog;
use headwater::clients::disk::RealDisk;
use headwater::core::batch::Batch;
use headwater::core::context::{Context, Pauses, Seed};
use headwater::core::disk::Disk;
use headwater::core::fault::Fault;
use headwater::core::kind::BuiltSource;
use headwater::core::limits::COMMIT_BYTES;
use headwater::core::position::{Checkpoint, Position};
use headwater::core::record::{Encoding, Records};
use headwater::core::resources::{Fill, Follow, Resources};
use headwater::core::sink::Sink;
use headwater::core::source::{Read, Source};
use headwater::core::step::Step;
use headwater::core::wait::Wait;
use headwater::resource::{
    Action, Atomicity, Field, FieldKind, FieldLimits, Record, Schema, Store, StoreConfig, Value,
    Write,
};
use headwater::stack::model::{Body, Flow};
use headwater::stack::{Environment, load};
use headwater::stores::flow::{ChangesSource, RecordsSink};
use headwater::stores::{self, Opening};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What the examples of components name.
const RESOURCES: &str = "resources:\n  users: { fields: { name: text }, store: memory }\n  things: { fields: { text: text }, store: memory }\n";

/// A checked flow of three components, each written as below its role in a stack file.
pub fn flow(source: &str, step: Option<&str>, sink: &str) -> Result<Flow, String> {
    let steps = step.map_or_else(String::new, |step| format!("    steps:\n      - {step}\n"));
    let text = format!(
        "stack: test\n{RESOURCES}services:\n  pipe:\n    source:\n      {source}\n{steps}    sink:\n      {sink}\n"
    );
    let environment = Environment::Given(Vec::new());
    match load("test.yaml", &text, &Catalog::all(), &environment) {
        Ok((stack, _)) => match &stack.service("pipe").unwrap().body {
            Body::Flow(flow) => Ok(flow.clone()),
            Body::Server(_) | Body::View(_) | Body::Gate(_) => panic!("a flow was written"),
        },
        Err(diagnostics) => Err(diagnostics.render(false)),
    }
}

pub fn context(disk: &Arc<dyn Disk>, directory: &Path) -> Context {
    Context {
        stack: "test".into(),
        service: "pipe".into(),
        data: directory.join("headwater-data"),
        disk: Arc::clone(disk),
        seed: Seed { seed: 7, origin_ms: 1_767_225_600_000 },
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        pauses: Pauses::default(),
        resources: Arc::new(Things),
        commit_bytes: COMMIT_BYTES,
        takes_in: false,
        tenure: None,
    }
}

/// One resource, whatever name it is asked for by, with some thousand records in it.
#[derive(Debug)]
struct Things;

impl Things {
    fn store() -> Arc<dyn Store> {
        static STORE: OnceLock<Arc<dyn Store>> = OnceLock::new();
        Arc::clone(STORE.get_or_init(|| {
            let field = |name: &str, kind| Field {
                name: name.to_owned(),
                kind,
                is_required: true,
                default: None,
                is_unique: false,
                is_indexed: false,
                limits: FieldLimits::default(),
            };
            let fields = vec![field("id", FieldKind::Integer), field("text", FieldKind::Text)];
            let schema = Schema { name: "things".into(), fields, key: 0, key_is_generated: false };
            let interval = Duration::from_millis(10);
            let opening = Opening { directory: "nowhere".into(), watch_interval: interval };
            let store = stores::open(Arc::new(schema), &StoreConfig::Memory, &opening).unwrap();
            let record = |id| vec![Value::Integer(id), Value::text("some text")];
            let write = |id| Write::from(Action::Put(Record::new(record(id))));
            store.write((0..4000).map(write).collect(), Atomicity::All).wait().unwrap();
            store
        }))
    }
}

impl Resources for Things {
    fn changes(&self, follow: &Follow) -> Result<Box<dyn Source>, Fault> {
        Ok(Box::new(ChangesSource::new(Self::store(), follow)))
    }

    fn records(&self, fill: &Fill) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(RecordsSink::new(Self::store(), fill)))
    }
}

pub fn real_disk() -> Arc<dyn Disk> {
    Arc::new(RealDisk)
}

pub fn source(text: &str) -> Box<dyn Source> {
    let flow = flow(text, None, "drop: {}").unwrap();
    let context = context(&real_disk(), Path::new("/nowhere"));
    match (flow.source.kind.build)(&flow.source.options, &context).unwrap() {
        BuiltSource::Read(source) => source,
        BuiltSource::Intake(_) => panic!("{text} takes in"),
    }
}

/// A sink that keeps nothing of its own.
pub fn sink(text: &str, disk: &Arc<dyn Disk>) -> Box<dyn Sink> {
    sink_in(text, disk, Path::new("/nowhere"))
}

/// A sink whose flow has its files below this directory, which the engine makes before.
pub fn sink_in(text: &str, disk: &Arc<dyn Disk>, directory: &Path) -> Box<dyn Sink> {
    let step = text.starts_with("report").then_some("summarise");
    let flow = flow("stdin: {}", step, text).unwrap();
    (flow.sink.kind.build)(&flow.sink.options, &context(disk, directory)).unwrap()
}

pub fn step(text: &str) -> Box<dyn Step> {
    let flow = flow("stdin: {}", Some(text), "drop: {}").unwrap();
    (flow.steps[0].kind.build)(&flow.steps[0].options).unwrap()
}

/// Everything that comes until the source ends or has nothing for a while.
pub fn read_all(source: &mut dyn Source, from: &Checkpoint) -> Result<Vec<Batch>, String> {
    source.resume(from).map_err(|fault| fault.to_string())?;
    let wait = Wait::new();
    let mut batches = Vec::new();
    let mut idle = 0;
    while idle < 20 {
        match source.read(&wait).map_err(|fault| fault.to_string())? {
            Read::Batch(batch) => {
                idle = 0;
                batches.push(*batch);
            }
            Read::Idle => idle += 1,
            Read::End => return Ok(batches),
        }
    }
    Ok(batches)
}

pub fn advance(checkpoint: &mut Checkpoint, batch: &Batch) {
    checkpoint.advance(&batch.partition, &batch.position);
    for partition in &batch.gone {
        checkpoint.positions.remove(partition);
    }
    // As it comes back from the disk.
    let text = serde_json::to_string(checkpoint).unwrap();
    *checkpoint = serde_json::from_str(&text).unwrap();
}

/// A batch of JSON lines at a place of one partition.
pub fn json_batch(partition: &str, offset: u64, lines: &[&str]) -> Batch {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
    let records = Records::from_lines(Encoding::Json, bytes);
    Batch::new(&partition.into(), Position::at(offset), records)
}

pub fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::write(path, bytes).unwrap();
}
