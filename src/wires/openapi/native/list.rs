//! Lists.

use super::describe::Native;
use crate::wires::openapi::book::Book;

pub(super) fn describe(_native: &Native<'_>, _book: &mut Book) {}
