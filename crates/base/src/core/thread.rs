//! The only door to threads: every one has a name and is joined by whoever started it.

use std::thread::JoinHandle;

/// Starts a named thread.
pub fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    // Linux shows 15 bytes of a thread's name.
    let shown: String = name.chars().take(15).collect();
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    std::thread::Builder::new().name(shown).spawn(work)
}

/// What a thread panicked with.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
