//! What a component tells about itself: name, reference text, options, guarantee, how to build it.

use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::options::{Opt, Options};
use crate::core::panel::Panel;
use crate::core::sink::Sink;
use crate::core::source::{Intake, Source};
use crate::core::step::Step;

/// The part that every kind has.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The key in the stack file; also the name of the component's file.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// More, for the reference page: Markdown.
    pub details: &'static str,
    pub options: &'static [Opt],
    /// The option that a bare text stands for: `print: "{number}"` is `print: { template: "{number}" }`.
    pub main: Option<&'static str>,
    /// The component as it stands in a stack file, below `source:`, `sink:` or as one item of `steps:` or
    /// `panels:`.
    pub example: &'static str,
}

/// Can what was read be read again after a crash?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// The source goes back to any position.
    Again,
    /// Its broker keeps a message until it is acknowledged and then gives it to any worker; also what a source that
    /// can be read again becomes with `shared: true`.
    Kept,
    /// It comes by itself and only once; the engine keeps it in the journal before anyone is answered.
    Journal,
    /// It is asked for and not kept by anyone: what was read and not yet stored is gone in a crash.
    Gone,
}

/// What a sink can promise about a batch that is written a second time after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It holds the position beside the data, so that nothing is stored twice.
    Never,
    /// The last records before a crash may come again.
    Possible,
    /// Nothing is kept.
    Nothing,
}

#[derive(Debug)]
pub struct SourceKind {
    pub about: About,
    pub replay: Replay,
    pub build: fn(&Options, &Context) -> Result<BuiltSource, Fault>,
}

/// A source as the engine runs it.
pub enum BuiltSource {
    Read(Box<dyn Source>),
    Intake(Box<dyn Intake>),
}

impl std::fmt::Debug for BuiltSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Read(_) => "BuiltSource::Read",
            Self::Intake(_) => "BuiltSource::Intake",
        })
    }
}

#[derive(Debug)]
pub struct StepKind {
    pub about: About,
    pub build: fn(&Options) -> Result<Box<dyn Step>, Fault>,
}

/// Makes a sink of its options.
pub type BuildSink = fn(&Options, &Context) -> Result<Box<dyn Sink>, Fault>;

#[derive(Debug)]
pub struct SinkKind {
    pub about: About,
    pub repeat: Repeat,
    /// Which file or directory it alone may write, so that two flows writing one file are found. It is
    /// asked before the options are known to be right: one that is required may be missing.
    pub writes: fn(&Options) -> Option<String>,
    /// Bytes of records that one commit may cover, and so one batch too: what is written again when the
    /// process is killed in the middle. Most say `COMMIT_BYTES`.
    pub commit_bytes: usize,
    pub build: BuildSink,
}

#[derive(Debug)]
pub struct PanelKind {
    pub about: About,
    pub build: fn(&Options) -> Box<dyn Panel>,
}

/// For sinks that own no file.
pub fn writes_nothing(_options: &Options) -> Option<String> {
    None
}

/// Declares the components of a folder: the modules and the list are the same lines, so none can be
/// forgotten.
#[macro_export]
macro_rules! kinds {
    ($kind:ident: $($name:ident),+ $(,)?) => {
        $(mod $name;)+
        pub(crate) static KINDS: &[&$crate::core::kind::$kind] = &[$(&$name::KIND),+];
    };
}
pub use crate::kinds;
