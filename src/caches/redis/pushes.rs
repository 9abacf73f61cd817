//! What Redis says unasked: which names were changed.

use super::Companion;
use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};
use std::sync::{Arc, Weak};

/// Tells the companion in the order of the connection: news of a name come before the answers that were given after
/// it.
pub struct Pushes(pub Weak<dyn Companion>);

impl AsyncPushSender for Pushes {
    fn send(&self, info: PushInfo) -> Result<(), SendError> {
        if info.kind == PushKind::Invalidate
            && let Some(companion) = self.0.upgrade()
        {
            for value in &info.data {
                tell(&companion, value);
            }
        }
        Ok(())
    }
}

fn tell(companion: &Arc<dyn Companion>, value: &Value) {
    match value {
        Value::Array(names) => {
            for name in names {
                // A name that is no text was not made here.
                if let Value::BulkString(name) = name
                    && let Ok(name) = std::str::from_utf8(name)
                {
                    companion.changed_in_redis(name);
                }
            }
        }
        // FLUSHALL and FLUSHDB name nothing.
        Value::Nil => companion.redis_was_flushed(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Companion for Heard {
        fn changed_in_redis(&self, name: &str) {
            self.0.lock().unwrap().push(name.to_owned());
        }

        fn redis_was_flushed(&self) {
            self.0.lock().unwrap().push("(all)".to_owned());
        }
    }

    #[test]
    fn tells_every_name_of_a_push_and_that_all_went() {
        let heard = Arc::new(Heard::default());
        let companion: Arc<dyn Companion> = heard.clone();
        let pushes = Pushes(Arc::downgrade(&companion));
        let push = |kind, value| pushes.send(PushInfo { kind, data: vec![value] }).unwrap();
        let names = [b"hw:a".to_vec(), vec![0xff], b"hw:b".to_vec()].map(Value::BulkString);
        push(PushKind::Invalidate, Value::Array(names.to_vec()));
        push(PushKind::Invalidate, Value::Nil);
        push(PushKind::Message, Value::Nil);
        assert_eq!(*heard.0.lock().unwrap(), ["hw:a", "hw:b", "(all)"]);
    }
}
