//! Server-sent events as a client reads them: bytes in pieces of any size become events.

/// One event with a name and data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `message` when the stream gives it no name.
    pub name: String,
    pub data: String,
    /// The last id that the stream told, in this event or before.
    pub id: String,
}

/// The largest event that is taken; a stream with a larger one is given up.
const EVENT_BYTES: usize = 4 * 1024 * 1024;

/// Follows the rules of the HTML standard; `retry` is not looked at.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed behind it belongs to the same line end.
    is_after_return: bool,
    has_begun: bool,
    name: String,
    data: String,
    id: String,
}

impl EventReader {
    /// Takes the next piece of the stream and gives the events that are complete with it.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Event>, String> {
        let mut events = Vec::new();
        let mut rest = piece;
        if std::mem::take(&mut self.is_after_return) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            let (line, tail) = rest.split_at(end);
            self.line.extend_from_slice(line);
            rest = match tail {
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => tail,
            };
            self.is_after_return = tail == b"\r";
            events.extend(self.end_of_line());
            self.check_size()?;
        }
        self.line.extend_from_slice(rest);
        self.check_size()?;
        Ok(events)
    }

    fn check_size(&self) -> Result<(), String> {
        let is_fine = self.line.len() + self.data.len() <= EVENT_BYTES;
        is_fine.then_some(()).ok_or_else(|| "an event is larger than 4 MiB".to_owned())
    }

    /// The event that ends with this line, if it is empty.
    fn end_of_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.has_begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        if data.is_empty() {
            return None;
        }
        data.pop();
        let name = if name.is_empty() { "message".to_owned() } else { name };
        Some(Event { name, data, id: self.id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut reader = EventReader::default();
        pieces.iter().flat_map(|piece| reader.push(piece).unwrap()).collect()
    }

    fn event(name: &str, data: &str, id: &str) -> Event {
        Event { name: name.into(), data: data.into(), id: id.into() }
    }

    const STREAM: &[u8] = b"\xef\xbb\xbfretry: 1000\r\nevent: ready\r\nid: 7\r\ndata: {}\r\n\r\n\
        : a comment\n\nevent: created\nid: 8\ndata:{\"key\":1,\ndata:  \"name\":\"\xc3\x89\"}\n\n\
        event: nothing\n\nid\ndata: last\r\rdata: cut off";

    fn expected() -> Vec<Event> {
        vec![
            event("ready", "{}", "7"),
            event("created", "{\"key\":1,\n \"name\":\"É\"}", "8"),
            event("message", "last", ""),
        ]
    }

    #[test]
    fn reads_names_ids_and_data_of_every_line_end() {
        assert_eq!(read(&[STREAM]), expected());
    }

    #[test]
    fn gives_the_same_events_wherever_the_pieces_are_cut() {
        for at in 0..STREAM.len() {
            let (first, second) = STREAM.split_at(at);
            assert_eq!(read(&[first, second]), expected(), "cut at {at}");
        }
        let single: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(read(&single), expected());
    }

    #[test]
    fn refuses_an_event_that_never_ends() {
        let mut reader = EventReader::default();
        let piece = vec![b'x'; EVENT_BYTES / 2];
        assert!(reader.push(&piece).is_ok());
        assert!(reader.push(b"\n").is_ok());
        let line = [b"data: ", piece.as_slice(), b"\n"].concat();
        assert!(reader.push(&line).is_ok());
        assert!(reader.push(&line).unwrap_err().contains("4 MiB"));
    }
}
