//! The map for a terminal: what flows, as rows of letters that fit.

use crate::core::text::append;
use crate::map::picture::{AlertState, Level, Picture, Shown};
use crate::map::sample::Condition;
use crate::map::words;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// The least room for names.
const NAMES: usize = 24;

/// How large the terminal is, and whether it shall be coloured.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub columns: usize,
    pub rows: usize,
    pub has_colour: bool,
}

/// At most as many lines as there are rows, each no longer than the terminal is wide.
pub fn draw(picture: &Picture, screen: Screen) -> String {
    let mut lines = vec![
        Line::new(format!("headwater · {} · {}", picture.stack, clock(&picture.at)), BOLD),
        Line::new(picture.verdict.text.clone(), level_colour(picture.verdict.level)),
    ];
    for alert in picture.alerts.iter().filter(|alert| alert.state == AlertState::Firing) {
        let text = format!("ALERT {} {}, now {}", alert.service, alert.when, alert.value);
        lines.push(Line::new(text, RED));
    }
    let scaled = picture.scaling.iter().map(|it| Line::new(crate::map::plain::scaled(it), DIM));
    lines.extend(scaled);
    lines.push(Line::new(String::new(), ""));
    let wide = screen.columns >= 90;
    let head = if wide { "last minute         " } else { "" };
    let shown = || picture.nodes.iter().filter(|node| !node.node.kind.is_outside());
    let longest = shown().map(|node| name(node).chars().count()).max().unwrap_or_default();
    let names = longest.clamp(NAMES, NAMES.max(screen.columns / 3));
    lines.push(Line::new(
        format!(
            "  {:<names$} {:<9} {:>12} {head} {:>8} {:>8}  to",
            "", "state", "rate", "wait", "errors"
        ),
        DIM,
    ));
    for node in shown() {
        lines.push(row(picture, node, wide, names));
        if let Some(reason) = &node.reading.reason {
            lines.push(Line::new(format!("    {reason}"), YELLOW));
        }
    }
    for peer in picture.peers.iter().filter(|peer| !peer.answered) {
        lines.push(Line::new(format!("{} did not answer", peer.address), YELLOW));
    }
    let room = screen.rows.saturating_sub(1).max(1);
    if lines.len() > room {
        let hidden = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::new(format!("… and {hidden} lines more"), DIM));
    }
    lines.iter().map(|line| line.fit(screen)).collect()
}

struct Line {
    text: String,
    colour: &'static str,
}

impl Line {
    fn new(text: String, colour: &'static str) -> Self {
        Self { text, colour }
    }

    /// Nothing in it moves the cursor, and nothing stands beyond the edge.
    fn fit(&self, screen: Screen) -> String {
        let clean = crate::charts::clean(&self.text.replace('\u{a0}', " "));
        let is_long = clean.chars().count() > screen.columns;
        let mut shown: String =
            clean.chars().take(screen.columns.saturating_sub(usize::from(is_long))).collect();
        if is_long {
            shown.push('…');
        }
        if screen.has_colour && !self.colour.is_empty() {
            format!("{}{shown}{PLAIN}\n", self.colour)
        } else {
            format!("{shown}\n")
        }
    }
}

/// `producer ×3`
fn name(node: &Shown) -> String {
    match words::replicas(&node.reading) {
        Some(_) => format!("{} ×{}", node.node.name, node.reading.replicas),
        None => node.node.name.clone(),
    }
}

fn row(picture: &Picture, node: &Shown, wide: bool, names: usize) -> Line {
    let reading = &node.reading;
    let rate = words::headline(node).unwrap_or_default();
    let waits = reading.now.waiting.filter(|_| node.node.kind == crate::map::Kind::Flow);
    let waits =
        waits.map_or_else(String::new, |many| crate::charts::number::short_count(many as u64));
    let mut name = name(node);
    if name.chars().count() > names {
        name = name.chars().take(names - 1).chain(['…']).collect();
    }
    let mut text = format!(
        "{} {name:<names$} {:<9} {rate:>12} ",
        words::sign(reading.condition),
        reading.condition.word()
    );
    if wide {
        append(&mut text, format_args!("{:<20}", bars(&reading.minute)));
    }
    let errors = crate::charts::number::short_count(reading.totals.errors);
    append(&mut text, format_args!(" {waits:>8} {errors:>8}  {}", targets(picture, node)));
    let colour = match reading.condition {
        Condition::Failed | Condition::Down => RED,
        Condition::Waiting | Condition::Starting => YELLOW,
        Condition::Running => "",
        _ => DIM,
    };
    Line::new(text.trim_end().to_owned(), colour)
}

/// Where its data goes.
fn targets(picture: &Picture, node: &Shown) -> String {
    let to = picture.edges.iter().filter(|edge| edge.from == node.node.id);
    let names = to.filter_map(|edge| picture.node(&edge.to).map(|it| it.node.name.clone()));
    names.collect::<Vec<_>>().join(", ")
}

/// Twenty columns of three seconds each.
fn bars(minute: &[Option<f32>]) -> String {
    let most = minute.iter().flatten().copied().fold(0.0_f32, f32::max);
    if most <= 0.0 {
        return String::new();
    }
    let skip = minute.len() % 3;
    let columns = minute.get(skip..).unwrap_or_default().chunks(3).map(|chunk| {
        let highest = chunk.iter().flatten().copied().fold(0.0_f32, f32::max);
        let height = (highest / most * (BARS.len() - 1) as f32).round() as usize;
        BARS.get(height).copied().unwrap_or(' ')
    });
    let shown: String = columns.collect();
    format!("{shown:>20}")
}

fn level_colour(level: Level) -> &'static str {
    match level {
        Level::Good => GREEN,
        Level::Notice => YELLOW,
        Level::Bad => RED,
    }
}

fn clock(rfc3339: &str) -> &str {
    rfc3339.get(11..19).unwrap_or(rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tests::{assert_golden, picture_of};

    #[test]
    fn the_map_fits_the_terminal_whatever_its_size() {
        for (columns, rows) in [(120, 40), (80, 24), (40, 10), (1, 1)] {
            let mut picture = picture_of("users");
            picture.nodes[0].reading.reason = Some("very ".repeat(60));
            let text = draw(&picture, Screen { columns, rows, has_colour: false });
            assert!(text.lines().count() < rows.max(2), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
        }
    }

    #[test]
    fn what_a_stack_says_cannot_move_the_cursor() {
        let mut picture = picture_of("numbers");
        picture.nodes[0].reading.reason = Some("\x1b[2J\x07gone".to_owned());
        let text = draw(&picture, Screen { columns: 80, rows: 24, has_colour: false });
        assert!(!text.contains('\x1b') && !text.contains('\x07'), "{text:?}");
    }

    #[test]
    fn the_terminal_shows_what_the_page_shows() {
        let screen = Screen { columns: 120, rows: 40, has_colour: false };
        assert_golden("cached-users.txt", &draw(&picture_of("cached-users"), screen));
    }
}
