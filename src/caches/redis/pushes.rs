//! What Redis says unasked: which names were changed. It does not say how, and tells of this process's own scripts
//! too (`NOLOOP` does not know them), so whoever has a copy looks what is there now.

use super::Companion;
use super::batch::Command;
use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};
use std::sync::{Arc, Weak};
use tokio::sync::{Notify, mpsc};

#[derive(Clone)]
pub struct Pushes {
    pub companion: Weak<dyn Companion>,
    /// Weak, or the thread would wait for ever for its own commands.
    pub checks: mpsc::WeakSender<Command>,
    /// Of this connection alone: news of an old one must not end its successor.
    pub is_lost: Arc<Notify>,
}

impl AsyncPushSender for Pushes {
    fn send(&self, info: PushInfo) -> Result<(), SendError> {
        if info.kind == PushKind::Disconnection {
            self.is_lost.notify_one();
        }
        if info.kind == PushKind::Invalidate
            && let Some(companion) = self.companion.upgrade()
        {
            for value in &info.data {
                self.tell(&companion, value);
            }
        }
        Ok(())
    }
}

impl Pushes {
    fn tell(&self, companion: &Arc<dyn Companion>, value: &Value) {
        match value {
            Value::Array(names) => {
                for name in names {
                    // A name that is no text was not made here.
                    if let Value::BulkString(name) = name
                        && let Ok(name) = std::str::from_utf8(name)
                        && companion.has_copy(name)
                    {
                        self.check(companion, name);
                    }
                }
            }
            // FLUSHALL and FLUSHDB name nothing.
            Value::Nil => companion.redis_was_flushed(),
            _ => {}
        }
    }

    fn check(&self, companion: &Arc<dyn Companion>, name: &str) {
        let check = Command::Check { name: name.to_owned() };
        if self.checks.upgrade().is_none_or(|checks| checks.try_send(check).is_err()) {
            companion.found_in_redis(name, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Companion for Heard {
        fn has_copy(&self, name: &str) -> bool {
            name != "hw:elsewhere"
        }

        fn found_in_redis(&self, name: &str, bytes: Option<&[u8]>) {
            assert_eq!(bytes, None);
            self.0.lock().unwrap().push(name.to_owned());
        }

        fn redis_was_flushed(&self) {
            self.0.lock().unwrap().push("(all)".to_owned());
        }
    }

    #[test]
    fn looks_at_every_name_of_a_push_that_there_is_a_copy_of() {
        let heard = Arc::new(Heard::default());
        let companion: Arc<dyn Companion> = heard.clone();
        let (queue, mut commands) = mpsc::channel(1);
        let is_lost = Arc::new(Notify::new());
        let pushes = Pushes {
            companion: Arc::downgrade(&companion),
            checks: queue.downgrade(),
            is_lost: Arc::clone(&is_lost),
        };
        let push = |kind, value| pushes.send(PushInfo { kind, data: vec![value] }).unwrap();
        let names: [&[u8]; 4] = [b"hw:a", b"\xff", b"hw:elsewhere", b"hw:b"];
        let names = names.map(|name| Value::BulkString(name.to_vec()));
        push(PushKind::Invalidate, Value::Array(names.to_vec()));
        push(PushKind::Invalidate, Value::Nil);
        push(PushKind::Message, Value::Nil);
        push(PushKind::Disconnection, Value::Nil);
        let lost = std::pin::pin!(is_lost.notified());
        assert!(
            lost.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
        );
        let checked = commands.try_recv().unwrap();
        assert!(matches!(checked, Command::Check { name } if name == "hw:a"));
        assert_eq!(
            *heard.0.lock().unwrap(),
            ["hw:b", "(all)"],
            "the queue was full for the second"
        );
    }
}
