//! A disk that is full: intake stops with a clear state, and goes on by itself when there is room.

use crate::support::{
    Harness, Namespace, eventually, get, post, read, read_lines, sequence, until,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A small file system of its own, mounted where only the harness's processes see it.
struct SmallDisk {
    /// The directory as it is seen from outside.
    path: PathBuf,
    _namespace: Namespace,
}

impl SmallDisk {
    fn mount(harness: &mut Harness, size: &str) -> Self {
        let place = harness.path("small");
        std::fs::create_dir_all(&place).unwrap();
        let mount = format!("mount -t tmpfs -o size={size} none '{}'", place.display());
        let namespace = Namespace::with(&mount);
        harness.enter(&namespace);
        Self { path: namespace.path(&place), _namespace: namespace }
    }

    /// Takes all room.
    fn fill(&self) {
        let chunk = vec![b'x'; 4096];
        let mut file = std::fs::File::create(self.path.join("ballast")).unwrap();
        while std::io::Write::write_all(&mut file, &chunk).is_ok() {}
        while std::io::Write::write(&mut file, b"x").is_ok_and(|written| written > 0) {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path.join("ballast")).unwrap();
    }
}

fn state(admin: &str, service: &str) -> (String, String) {
    let answer = get(&format!("{admin}health")).unwrap().json();
    let word = |name: &str| answer["services"][service][name].as_str().unwrap_or("").to_owned();
    (word("state"), word("reason"))
}

#[test]
fn a_flow_waits_for_room_and_goes_on_by_itself() {
    let mut harness = Harness::new("");
    let disk = SmallDisk::mount(&mut harness, "4m");
    harness.write_stack(
        "stack: s
services:
  flow:
    source: { generate: { every: 2ms, count: 5, record: { id: sequence, name: person.name } } }
    sink: { append_file: small/out.ndjson }
",
    );
    let mut process = harness.start();
    let admin = process.address("admin");
    let output = disk.path.join("out.ndjson");
    eventually("it flows", || !read(&output).is_empty());
    disk.fill();
    let reason = until("the flow says that it waits", || {
        let (state, reason) = state(&admin, "flow");
        (state == "waiting").then_some(reason)
    });
    assert!(reason.to_lowercase().contains("no space left"), "{reason}");
    assert!(reason.contains("out.ndjson"), "{reason}");
    let before = read(&output).len();
    disk.make_room();
    eventually("it goes on", || {
        read(&output).len() > before && state(&admin, "flow").0 == "running"
    });
    process.stop();
    let lines = read_lines(&output);
    let ids = sequence(&lines, "id");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "lost or doubled");
}

#[test]
fn senders_are_told_to_come_back_and_nothing_acknowledged_is_lost() {
    fill_under_a_listener("small/out.ndjson");
}

#[test]
fn a_full_disk_under_the_journal_alone_is_told_too() {
    fill_under_a_listener("out.ndjson");
}

/// The journal is on the small disk; the sink writes to `path`.
fn fill_under_a_listener(path: &str) {
    let mut harness = Harness::new("");
    let disk = SmallDisk::mount(&mut harness, "48m");
    harness.write_stack(&format!(
        "stack: s
services:
  take:
    source: {{ http_listen: {{ listen: 0 }} }}
    sink: {{ append_file: {path} }}
"
    ));
    let harness = harness.argument("--data").argument("small/data");
    let mut process = harness.start();
    let (admin, address) = (process.address("admin"), process.address("take"));
    let mut acknowledged = BTreeSet::new();
    let filler = "y".repeat(64 * 1024);
    let mut next = 0;
    let mut send = |acknowledged: &mut BTreeSet<u64>| {
        next += 1;
        let answer = post(&address, &format!("{{\"id\":{next},\"filler\":\"{filler}\"}}")).unwrap();
        if answer.status == 200 {
            acknowledged.insert(next);
        }
        answer
    };
    assert_eq!(send(&mut acknowledged).status, 200);
    disk.fill();
    let refused = until("a sender is told to come back", || {
        let answer = send(&mut acknowledged);
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{}", refused.head);
    let reason = until("the service says that it waits", || {
        let (state, reason) = state(&admin, "take");
        (state == "waiting").then_some(reason)
    });
    assert!(reason.to_lowercase().contains("no space left"), "{reason}");
    disk.make_room();
    eventually("senders are taken again", || send(&mut acknowledged).status == 200);
    eventually("it runs again", || state(&admin, "take").0 == "running");
    let inside = path.strip_prefix("small/").map(|name| disk.path.join(name));
    let output = inside.unwrap_or_else(|| harness.path(path));
    eventually("everything acknowledged is stored", || {
        let text = String::from_utf8(read(&output)).unwrap();
        acknowledged.iter().all(|id| text.contains(&format!("{{\"id\":{id},")))
    });
    process.stop();
    let stored = sequence(&read_lines(&output), "id");
    assert!(stored.windows(2).all(|pair| pair[1] > pair[0]), "stored twice");
}

#[test]
fn a_recording_that_cannot_begin_its_next_file_doubles_nothing() {
    let mut harness = Harness::new("");
    let disk = SmallDisk::mount(&mut harness, "4m,nr_inodes=12");
    harness.write_stack(
        "stack: s
services:
  flow:
    source: { generate: { every: 2ms, count: 5, record: { id: sequence, name: person.name } } }
    sink: { append_file: out.ndjson }
    record: { path: small/tape.ndjson, rotate_size: 64KiB }
",
    );
    let mut process = harness.start();
    let admin = process.address("admin");
    let output = harness.path("out.ndjson");
    eventually("it flows", || !read(&output).is_empty());
    // There is room, and no new file can be made.
    let files: Vec<PathBuf> = (0..12).map(|it| disk.path.join(format!("file-{it}"))).collect();
    assert!(files.iter().any(|path| std::fs::File::create(path).is_err()));
    let reason = until("the flow says that it waits", || {
        let (state, reason) = state(&admin, "flow");
        (state == "waiting").then_some(reason)
    });
    assert!(reason.contains("tape.ndjson"), "{reason}");
    let before = read(&output).len();
    for path in &files {
        drop(std::fs::remove_file(path));
    }
    eventually("it goes on", || read(&output).len() > before + 100_000);
    process.stop();
    let ids = sequence(&read_lines(&output), "id");
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "lost or doubled");
    let mut command = harness.command();
    command.args(["replay", "small/tape.ndjson", "--speed", "max", "--admin", "127.0.0.1:0"]);
    let played = command.args(["--to", "append_file: again.ndjson"]).output().unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let again = sequence(&read_lines(&harness.path("again.ndjson")), "id");
    assert!(again == ids, "what is recorded is not what was delivered");
}
