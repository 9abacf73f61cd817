//! Sinks: where records go. To add one, write `name.rs` in this folder and add `name` to the list.

use crate::core::kind::kinds;

kinds! { SinkKind:
    append_file,
    dataset,
    drop,
    http,
    mqtt,
    nats,
    postgres,
    print,
    report,
    resource,
}
