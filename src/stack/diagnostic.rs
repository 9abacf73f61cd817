//! What is wrong in a stack file, where, and what to do about it.

use crate::core::text::append;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    pub also: Option<(Range<usize>, String)>,
    pub help: Option<String>,
    pub is_warning: bool,
}

impl Diagnostic {
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, also: None, help: None, is_warning: false }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also = Some((span, label.into()));
        self
    }

    #[must_use]
    pub fn warning(mut self) -> Self {
        self.is_warning = true;
        self
    }
}

/// All mistakes of one file, with its text, ready to be shown.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    pub file: String,
    pub text: String,
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| !diagnostic.is_warning)
    }

    /// In the order of the text, each with file, line, column, the source line and the remedy.
    pub fn render(&self, in_colour: bool) -> String {
        let renderer = if in_colour { Renderer::styled() } else { Renderer::plain() };
        let mut shown = String::new();
        for diagnostic in &self.list {
            shown.push_str(&self.render_one(&renderer, diagnostic));
            shown.push_str("\n\n");
        }
        shown.push_str(&self.count());
        shown
    }

    fn render_one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let level = if diagnostic.is_warning { Level::WARNING } else { Level::ERROR };
        let mut snippet = Snippet::source(self.text.as_str())
            .path(self.file.as_str())
            .annotation(AnnotationKind::Primary.span(self.clamp(&diagnostic.span)));
        if let Some((span, label)) = &diagnostic.also {
            let annotation = AnnotationKind::Context.span(self.clamp(span)).label(label.as_str());
            snippet = snippet.annotation(annotation);
        }
        let mut group = level.primary_title(diagnostic.message.as_str()).element(snippet);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }

    fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let floor = |at: usize| {
            let mut at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        start..floor(span.end).max(start)
    }

    fn count(&self) -> String {
        let warnings = self.list.iter().filter(|diagnostic| diagnostic.is_warning).count();
        let errors = self.list.len() - warnings;
        let mut text = String::new();
        for (count, word) in [(errors, "error"), (warnings, "warning")] {
            if count > 0 {
                let comma = if text.is_empty() { "" } else { ", " };
                let plural = if count == 1 { "" } else { "s" };
                append(&mut text, format_args!("{comma}{count} {word}{plural}"));
            }
        }
        format!("{}: {text}\n", self.file)
    }

    /// Line and column, both from 1.
    pub fn place(&self, span: &Range<usize>) -> (usize, usize) {
        let before = self.text.get(..self.clamp(span).start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
        (line, column)
    }

    pub fn to_json(&self) -> serde_json::Value {
        let list = self.list.iter().map(|diagnostic| {
            let (line, column) = self.place(&diagnostic.span);
            serde_json::json!({
                "level": if diagnostic.is_warning { "warning" } else { "error" },
                "file": self.file,
                "line": line,
                "column": column,
                "message": diagnostic.message,
                "help": diagnostic.help,
            })
        });
        list.collect()
    }
}
