//! Sources: where records come from. To add one, write `name.rs` in this folder and add `name` to the
//! list.

use crate::core::kind::kinds;

kinds! { SourceKind:
    datasets,
    file,
    generate,
    http_listen,
    http_poll,
    mqtt,
    nats,
    postgres,
    replay,
    resource,
    stdin,
}
