//! Finding the values of several paths in one pass over a record, checking all of the record.

use super::super::value::cannot_index;
use crate::formats::json::{Kind, Scanner};

/// What a record has at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr) enum Found<'a> {
    /// No such member, or null on the way.
    Missing,
    /// Something on the way has no members: its type, and how many keys led to it.
    Blocked(Kind, usize),
    /// The value as it is written.
    Value(Kind, &'a str),
}

/// The paths an expression or template reads.
#[derive(Clone, Debug, Default)]
pub(in crate::expr) struct Fields {
    paths: Vec<Vec<String>>,
    root: Node,
}

#[derive(Clone, Debug, Default)]
struct Node {
    slot: Option<usize>,
    children: Vec<(String, Node)>,
}

impl Node {
    #[inline]
    fn reset_children(&self, state: Found<'static>, found: &mut [Found<'_>]) {
        for (_, child) in &self.children {
            if let Some(place) = child.slot.and_then(|slot| found.get_mut(slot)) {
                *place = state;
            }
            child.reset_children(state, found);
        }
    }
}

impl Fields {
    /// The slot of a path, added when it is new; the empty path is the record itself.
    pub(in crate::expr) fn slot(&mut self, path: Vec<String>) -> usize {
        if let Some(slot) = self.paths.iter().position(|known| *known == path) {
            return slot;
        }
        let slot = self.paths.len();
        let mut node = &mut self.root;
        for key in &path {
            let known = node.children.iter().position(|(known, _)| known == key);
            let at = known.unwrap_or_else(|| {
                node.children.push((key.clone(), Node::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        node.slot = Some(slot);
        self.paths.push(path);
        slot
    }

    pub(in crate::expr) fn path(&self, slot: usize) -> &[String] {
        self.paths.get(slot).map_or(&[], Vec::as_slice)
    }

    /// What is at every path, by slot.
    pub(in crate::expr) fn find<'a>(&self, line: &'a [u8]) -> Result<Vec<Found<'a>>, String> {
        let mut scanner = Scanner::new(line)?;
        let mut found = vec![Found::Missing; self.paths.len()];
        visit(&self.root, 0, &mut scanner, &mut found)?;
        scanner.end()?;
        Ok(found)
    }

    /// jq's message for a path that is blocked.
    pub(in crate::expr) fn blocked(&self, slot: usize, kind: Kind, depth: usize) -> String {
        let key = self.path(slot).get(depth).map_or("", String::as_str);
        cannot_index(kind, key)
    }
}

/// Reads the value that comes next into the slots at and below `node`.
fn visit<'a>(
    node: &Node,
    depth: usize,
    scanner: &mut Scanner<'a>,
    found: &mut [Found<'a>],
) -> Result<(), String> {
    let kind = scanner.kind()?;
    let start = scanner.position();
    if node.children.is_empty() {
        scanner.skip()?;
    } else if kind == Kind::Object {
        // A member that comes again replaces the one before with all that was found in it.
        node.reset_children(Found::Missing, found);
        visit_members(node, depth, scanner, found)?;
    } else {
        let blocked = kind != Kind::Null;
        let state = if blocked { Found::Blocked(kind, depth) } else { Found::Missing };
        node.reset_children(state, found);
        scanner.skip()?;
    }
    if let Some(place) = node.slot.and_then(|slot| found.get_mut(slot)) {
        *place = Found::Value(kind, scanner.slice(start));
    }
    Ok(())
}

fn visit_members<'a>(
    node: &Node,
    depth: usize,
    scanner: &mut Scanner<'a>,
    found: &mut [Found<'a>],
) -> Result<(), String> {
    scanner.enter()?;
    let mut first = true;
    while scanner.next_item(first, b'}')? {
        first = false;
        let key = scanner.key()?;
        match node.children.iter().find(|(name, _)| key.equals(name)) {
            Some((_, child)) => visit(child, depth + 1, scanner, found)?,
            None => scanner.skip()?,
        }
    }
    Ok(())
}
