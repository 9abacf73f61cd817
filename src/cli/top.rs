//! `top`: the live map of a running headwater in this terminal; one plain answer where there is no terminal.

use crate::cli::arguments::Arguments;
use crate::cli::{exit, out, token};
use crate::clients::http::{Client, Request, Timeouts, bearer};
use crate::map::picture::{Picture, VERSION};
use crate::map::plain;
use crate::map::terminal::{Screen, draw};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;
/// Tenths of a second between two looks; a key ends the wait.
const TENTHS: u8 = 10;

pub(super) fn top(arguments: &Arguments, url: Option<&str>) -> exit::Code {
    let admin =
        arguments.admin.map_or_else(|| "127.0.0.1:7070".to_owned(), |admin| admin.to_string());
    let place = url.unwrap_or(&admin).trim_end_matches('/');
    let place = if place.contains("://") { place.to_owned() } else { format!("http://{place}") };
    let token = match token::admin(arguments) {
        Ok(token) => token,
        Err(code) => return code,
    };
    let asking = Asking {
        client: Client::new(Timeouts { connect: TIMEOUT, total: TIMEOUT }),
        url: format!("{place}/map.json"),
        headers: bearer(token.as_deref()),
    };
    let first = match asking.picture() {
        Ok(picture) => picture,
        Err(reason) => {
            out::error(&reason);
            return exit::FAILURE;
        }
    };
    if arguments.json {
        out::json(&serde_json::to_value(&first).unwrap_or_default());
        return exit::OK;
    }
    if !std::io::stdout().is_terminal() {
        out::say(&plain::text(&first));
        return exit::OK;
    }
    match watch(&asking, first) {
        Ok(()) => exit::OK,
        Err(error) => {
            out::error(&format!("the terminal cannot be used: {error}"));
            exit::FAILURE
        }
    }
}

struct Asking {
    client: Client,
    url: String,
    headers: Vec<(String, String)>,
}

impl Asking {
    fn picture(&self) -> Result<Picture, String> {
        let url = &self.url;
        let request = Request { method: "GET", url, headers: &self.headers, ..Request::default() };
        let lost = |reason: String| format!("{reason}; is `headwater up` running there?");
        let answer = self.client.send(&request, ANSWER_BYTES);
        let answer = answer.map_err(|fault| lost(fault.reason().to_owned()))?;
        match answer.status {
            200 => {}
            401 => {
                let remedy = token::remedy(!self.headers.is_empty());
                return Err(format!("{url} answers 401: {remedy}"));
            }
            other => return Err(lost(format!("{url} answers {other}"))),
        }
        let picture: Picture =
            serde_json::from_slice(&answer.body).map_err(|_| lost(format!("{url} is no map")))?;
        match picture.version {
            VERSION => Ok(picture),
            other => Err(format!(
                "the map at {url} is of version {other}, this headwater knows {VERSION}"
            )),
        }
    }
}

/// The terminal as it was; put back when this is dropped.
struct Kept {
    before: Option<Termios>,
}

impl Kept {
    /// The other screen, without a cursor; a key comes at once and is not shown.
    fn new() -> std::io::Result<Self> {
        let before =
            if std::io::stdin().is_terminal() { tcgetattr(std::io::stdin()).ok() } else { None };
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            quiet.special_codes[SpecialCodeIndex::VMIN] = 0;
            quiet.special_codes[SpecialCodeIndex::VTIME] = TENTHS;
            tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet)?;
        }
        out::say("\x1b[?1049h\x1b[?25l");
        Ok(Self { before })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        out::say("\x1b[?25h\x1b[?1049l");
        if let Some(before) = &self.before {
            // A terminal that is gone needs nothing put back.
            tcsetattr(std::io::stdin(), OptionalActions::Now, before).unwrap_or_default();
        }
    }
}

/// Draws once a second until `q`, Ctrl-C or the end of the terminal.
fn watch(asking: &Asking, first: Picture) -> std::io::Result<()> {
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stopped))?;
    }
    let kept = Kept::new()?;
    let waiting = crate::core::wait::Wait::new();
    let mut shown = Ok(first);
    let mut last = None;
    while !stopped.load(Relaxed) {
        let screen = screen();
        match shown {
            Ok(picture) => {
                show(&draw(&picture, screen), "");
                last = Some(picture);
            }
            Err(reason) => {
                let text = last.as_ref().map_or_else(String::new, |it| draw(it, screen));
                show(&text, &format!("no answer, this is old: {reason}"));
            }
        }
        if kept.before.is_some() {
            let mut key = [0];
            if std::io::stdin().read(&mut key).is_ok_and(|read| read > 0) && key == *b"q" {
                return Ok(());
            }
        } else {
            waiting.sleep(Duration::from_secs(1));
        }
        shown = asking.picture();
    }
    Ok(())
}

fn screen() -> Screen {
    let size = tcgetwinsize(std::io::stdout()).ok().filter(|it| it.ws_col > 0 && it.ws_row > 0);
    Screen {
        columns: size.map_or(80, |size| usize::from(size.ws_col)),
        rows: size.map_or(24, |size| usize::from(size.ws_row)),
        has_colour: out::is_colourful(),
    }
}

/// From the top, each line cleared to its end and the rest below: nothing flickers.
fn show(text: &str, note: &str) {
    let text = text.replace('\n', "\x1b[K\r\n");
    out::say(&format!("\x1b[H{text}{note}\x1b[K\x1b[J"));
}
