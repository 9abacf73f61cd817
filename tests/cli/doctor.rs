//! `doctor`: on machines that are made of files, with an engine that is made of a socket.

use crate::support::{Ran, command, compare, here};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// A directory that stands for `/`.
fn machine(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

const GOOD: &[(&str, &str)] = &[
    ("proc/sys/kernel/osrelease", "6.1.0-rpi\n"),
    ("proc/net/ip_vs", ""),
    ("sys/module/vxlan/version", ""),
    ("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"),
    ("proc/self/smaps", "Size: 4 kB\nKernelPageSize:        4 kB\n"),
    ("proc/sys/fs/inotify/max_user_instances", "512\n"),
    ("proc/sys/fs/inotify/max_user_watches", "65536\n"),
];

const BAD: &[(&str, &str)] = &[
    ("proc/sys/kernel/osrelease", "6.1.0-rpi\n"),
    ("boot/config-6.1.0-rpi", "# CONFIG_IP_VS is not set\n# CONFIG_VXLAN is not set\n"),
    ("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n"),
    ("proc/self/smaps", "KernelPageSize:       16 kB\n"),
    ("proc/sys/fs/inotify/max_user_instances", "128\n"),
    ("proc/sys/fs/inotify/max_user_watches", "1024\n"),
];

/// Answers each path with a status and a body, until it is asked no more.
fn engine(socket: &Path, answers: &'static [(&'static str, u16, &'static str)]) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::Builder::new()
        .spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let found = answers.iter().find(|(known, _, _)| *known == path);
                let (status, body) =
                    found.map_or((404, "{}"), |(_, status, body)| (*status, *body));
                let head = format!("HTTP/1.0 {status} X\r\nContent-Type: application/json\r\n\r\n");
                drop(stream.write_all(format!("{head}{body}").as_bytes()));
            }
        })
        .unwrap();
}

const SWARM: &[(&str, u16, &str)] = &[
    (
        "/info",
        200,
        r#"{"ServerVersion":"20.10.24","Architecture":"aarch64",
            "Warnings":["WARNING: No memory limit support","WARNING: No blkio throttle.read_bps_device support"],
            "Swarm":{"LocalNodeState":"active","ControlAvailable":true,"NodeID":"a"}}"#,
    ),
    ("/images/headwater/json", 200, r#"{"Os":"linux","Architecture":"arm64"}"#),
    (
        "/nodes",
        200,
        r#"[{"ID":"a","Description":{"Hostname":"pi1","Platform":{"Architecture":"aarch64"}},
             "Spec":{"Role":"manager","Availability":"active"},"Status":{"State":"ready"}},
            {"ID":"b","Description":{"Hostname":"pi2","Platform":{"Architecture":"armv7l"}},
             "Spec":{"Role":"worker","Availability":"active"},"Status":{"State":"ready"}},
            {"ID":"c","Description":{"Hostname":"pi3","Platform":{"Architecture":"aarch64"}},
             "Spec":{"Role":"worker","Availability":"active"},"Status":{"State":"ready"}},
            {"ID":"d","Description":{"Hostname":"pi4","Platform":{"Architecture":"aarch64"}},
             "Spec":{"Role":"manager","Availability":"active"},"Status":{"State":"down"}},
            {"ID":"e","Description":{"Hostname":"pi5","Platform":{"Architecture":"aarch64"}},
             "Spec":{"Role":"worker","Availability":"drain"},"Status":{"State":"ready"}},
            {"ID":"f","Description":{"Hostname":"pi6","Platform":{"Architecture":"aarch64"}},
             "Spec":{"Role":"worker","Availability":"active"},"Status":{"State":"ready"}},
            {"ID":"g","Description":{"Hostname":"pi7","Platform":{"Architecture":"aarch64"}},
             "Spec":{"Role":"worker","Availability":"active"},"Status":{"State":"ready"}},
            {"ID":"h","Description":{"Hostname":"pi8","Platform":{"Architecture":"armv7l"}},
             "Spec":{"Role":"worker","Availability":"active"},"Status":{"State":"ready"}}]"#,
    ),
    (
        "/tasks",
        200,
        r#"[{"NodeID":"c","Status":{"Err":"No such image: headwater:latest"},
             "Spec":{"ContainerSpec":{"Image":"headwater:latest"}}},
            {"NodeID":"f","Status":{"State":"running","Timestamp":"2026-01-02T00:00:00Z",
             "ContainerStatus":{"ContainerID":"1"}},"Spec":{"ContainerSpec":{"Image":"headwater:latest@sha256:1"}}},
            {"NodeID":"f","Status":{"Timestamp":"2026-01-01T00:00:00Z","Err":"No such image: headwater:latest"},
             "Spec":{"ContainerSpec":{"Image":"headwater:latest"}}},
            {"NodeID":"g","Status":{"State":"running","ContainerStatus":{"ContainerID":"2"}},
             "Spec":{"ContainerSpec":{"Image":"headwater-tools:latest"}}},
            {"NodeID":"h","Status":{"State":"running","ContainerStatus":{"ContainerID":"3"}},
             "Spec":{"ContainerSpec":{"Image":"headwater:latest"}}}]"#,
    ),
];

const ALONE: &[(&str, u16, &str)] = &[
    (
        "/info",
        200,
        r#"{"ServerVersion":"28.2.0","Architecture":"x86_64","Swarm":{"LocalNodeState":"inactive"},
            "SystemTime":"2001-01-01T00:00:00Z"}"#,
    ),
    ("/images/headwater/json", 404, r#"{"message":"No such image"}"#),
];

/// What differs from machine to machine is replaced, or left out with the room on its disk, which may be little.
fn told(ran: &Ran, root: &Path) -> String {
    let mut text = String::new();
    let mut of_disk = false;
    for line in ran.out.replace(&root.display().to_string(), "ROOT").lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let continues = words.first().is_some_and(|word| ["hits:", "cure:"].contains(word));
        of_disk = if continues { of_disk } else { words.get(1) == Some(&"disk") };
        if of_disk || line.starts_with("will fail") {
            continue;
        }
        let line = match line.find("it is 2") {
            Some(at) => format!("{}it is NOW", &line[..at]),
            None => line.to_owned(),
        };
        let line = match (line.find(" s ahead of "), line.find(" s behind ")) {
            (Some(at), _) | (_, Some(at)) => {
                format!("{} MANY{}", &line[..line[..at].rfind(' ').unwrap()], &line[at..])
            }
            _ => line,
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The last line counts the findings above it.
fn sum_is_right(ran: &Ran) {
    let count = |word: &str| {
        ran.out.lines().filter(|line| line.split_whitespace().next() == Some(word)).count()
    };
    let sum = format!("will fail: {}; works within limits: {}", count("fails"), count("limited"));
    assert_eq!(ran.out.lines().last(), Some(&*sum), "{}", ran.out);
}

fn doctor(root: &Path, stack: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["doctor", stack, "--root", ".", "--engine", "engine.sock", "--data", "data"];
    all.extend(arguments);
    let output = command(root, &all).env_remove("DOCKER_HOST").output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A stack that listens where nothing does.
fn quiet(root: &Path) {
    let text =
        "stack: quiet\nservices:\n  a: { source: { http_poll: \"http://b/\" }, sink: drop }\n";
    std::fs::write(root.join("quiet.yaml"), text).unwrap();
}

#[test]
fn each_machine_gets_its_findings_with_their_cures() {
    let mut wrong = Vec::new();
    for (name, files, answers, arguments, code) in [
        ("good", GOOD, None, &[][..], 0),
        ("bad-alone", BAD, Some(ALONE), &[], 1),
        ("bad-for-swarm", BAD, None, &["--swarm"], 1),
        ("swarm", GOOD, Some(SWARM), &[], 1),
    ] {
        let root = tempfile::tempdir().unwrap();
        machine(root.path(), files);
        quiet(root.path());
        if let Some(answers) = answers {
            engine(&root.path().join("engine.sock"), answers);
        }
        let ran = doctor(root.path(), "quiet.yaml", arguments);
        assert_eq!((ran.code, &*ran.err), (code, ""), "{name}: {}", ran.out);
        // Ports of a Swarm may be taken on the machine that runs this test.
        sum_is_right(&ran);
        let text = told(&ran, root.path());
        if arguments.is_empty() || !text.contains("port ") {
            wrong.extend(compare(&here(&format!("doctor/{name}.txt")), &text).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_taken_port_is_told_with_the_service_that_it_hits() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path(), GOOD);
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let text = format!(
        "stack: x\nservices:\n  web: {{ listen: {port}, routes: {{ /: {{ generate: {{ n: sequence }} }} }} }}\n"
    );
    std::fs::write(root.path().join("x.yaml"), text).unwrap();
    let ran = doctor(root.path(), "x.yaml", &["--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["subject"] == format!("port {port}")).unwrap();
    assert_eq!(finding["severity"], "fails");
    assert_eq!(finding["hits"], "web cannot start");
    assert_eq!(answer["fails"], 1);
}

#[test]
fn an_engine_that_never_answers_holds_nothing_up() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path(), GOOD);
    quiet(root.path());
    // It takes the connection and says nothing.
    let _engine = UnixListener::bind(root.path().join("engine.sock")).unwrap();
    let ran = doctor(root.path(), "quiet.yaml", &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("does not answer within 4 s"), "{}", ran.out);
}

#[test]
fn what_is_no_engine_and_what_is_no_directory_is_told() {
    let root = tempfile::tempdir().unwrap();
    machine(root.path(), GOOD);
    quiet(root.path());
    std::fs::write(root.path().join("data"), "a file").unwrap();
    engine(&root.path().join("engine.sock"), &[("/info", 200, "this is not JSON")]);
    let ran = doctor(root.path(), "quiet.yaml", &[]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("is no Docker engine"), "{}", ran.out);
    assert!(ran.out.contains("is no directory"), "{}", ran.out);
}
