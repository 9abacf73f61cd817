//! Compiling and running with jaq, within bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Exn, Filter, Vars};

use super::super::budget;
use super::super::value::{Value, read_line};
use super::source::{Syntax, is_within, place, short};
use super::{bound, prelude};

pub(super) type Values = JustLut<Value>;

/// The expression is given to jaq as a definition of this name, since it takes
/// a program as text but definitions as syntax trees.
const MAIN: &str = "the_expression";
const MAX_OUTPUTS: u64 = 10_000;
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// A compiled expression; clones share it.
#[derive(Clone)]
pub(in crate::expr) struct Engine {
    filter: Arc<Filter<Values>>,
    text: Arc<str>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").field("text", &self.text).finish_non_exhaustive()
    }
}

impl Engine {
    pub(in crate::expr) fn compile(text: &str, syntax: Syntax<'_>) -> Result<Self, String> {
        let main = Def { name: MAIN, args: Vec::new(), body: bound::bound(syntax) };
        let arena = Arena::default();
        let program = File { code: MAIN, path: () };
        let mut definitions: Vec<Def<&str>> = prelude::definitions().collect::<Vec<_>>();
        definitions.push(main);
        let modules = Loader::new(definitions)
            .load(&arena, program)
            .map_err(|_| "the expression cannot be loaded".to_owned())?;
        let compiled = Compiler::default().with_funs(prelude::natives()).compile(modules);
        let filter = compiled.map_err(|errors| {
            let mut all = errors.into_iter().flat_map(|(_, errors)| errors);
            match all.find(|(slice, _)| is_within(text, slice)) {
                Some((slice, undefined)) => undefined_message(text, slice, &undefined),
                None => "the expression cannot be compiled".to_owned(),
            }
        })?;
        Ok(Self { filter: Arc::new(filter), text: text.into() })
    }

    /// Appends every output as a line; leaves `out` alone on errors.
    pub(in crate::expr) fn map(&self, line: &[u8], out: &mut Vec<u8>) -> Result<u64, String> {
        let start = out.len();
        let mut outputs = 0;
        let result = self.run(line, |value| {
            outputs += 1;
            if outputs > MAX_OUTPUTS {
                return Err(format!("stopped: more than {MAX_OUTPUTS} outputs for one record"));
            }
            if value.depth() > budget::MAX_DEPTH {
                return Err(format!(
                    "the output is nested deeper than {} levels",
                    budget::MAX_DEPTH
                ));
            }
            value.write(out);
            out.push(b'\n');
            if out.len() - start > MAX_OUTPUT_BYTES {
                return Err("stopped: more than 1 MiB of output for one record".to_owned());
            }
            Ok(true)
        });
        if let Err(reason) = result {
            out.truncate(start);
            return Err(reason);
        }
        Ok(outputs)
    }

    /// Whether the first output counts as true in jq.
    pub(in crate::expr) fn test(&self, line: &[u8]) -> Result<bool, String> {
        let mut truth = false;
        self.run(line, |value| {
            truth = jaq_core::ValT::as_bool(&value);
            Ok(false)
        })?;
        Ok(truth)
    }

    /// Hands the outputs to `each` until it says false.
    fn run(
        &self,
        line: &[u8],
        each: impl FnMut(Value) -> Result<bool, String>,
    ) -> Result<(), String> {
        budget::start();
        let input = read_line(line)?;
        // Known panics are fenced off above; an unknown one in jaq must not end the service.
        let result = catch_unwind(AssertUnwindSafe(|| self.run_on(input, each)));
        let result = result.unwrap_or_else(|_| Err("jq failed on this record".to_owned()));
        result.map_err(|reason| format!("`{}`: {reason}", short(&self.text)))
    }

    fn run_on(
        &self,
        input: Value,
        mut each: impl FnMut(Value) -> Result<bool, String>,
    ) -> Result<(), String> {
        budget_left()?;
        let context = Ctx::<Values>::new(&self.filter.lut, Vars::default());
        for output in self.filter.id.run((context, input)) {
            budget::check_time();
            budget_left()?;
            if !each(output.map_err(error_message)?)? {
                return Ok(());
            }
        }
        budget_left()
    }
}

fn budget_left() -> Result<(), String> {
    budget::reached().map_or(Ok(()), |limit| Err(limit.message().to_owned()))
}

fn error_message(exception: Exn<'_, Value>) -> String {
    match exception.get_err().map(jaq_core::Error::into_val) {
        Ok(Value::Text(text)) => text.chars().take(300).collect(),
        Ok(value) => value.to_string(),
        Err(_) => "the expression stopped".to_owned(),
    }
}

fn undefined_message(text: &str, slice: &str, undefined: &Undefined) -> String {
    let at = place(text, slice);
    match undefined {
        Undefined::Var => {
            format!("{at}: there is no variable `{slice}`; bind it with `… as {slice} |`")
        }
        Undefined::Label => {
            format!("{at}: there is no label `{slice}`; set it with `label {slice} |`")
        }
        Undefined::Filter(arguments) => {
            let hint = match prelude::similar_name(slice) {
                Some(name) if name != slice => format!("did you mean `{name}`?"),
                Some(name) => format!("`{name}` takes another number of arguments"),
                None => format!("a field is written `.{slice}`, a text `\"{slice}\"`"),
            };
            match arguments {
                0 => format!("{at}: there is no function `{slice}`; {hint}"),
                1 => format!("{at}: there is no function `{slice}` with 1 argument; {hint}"),
                many => {
                    format!("{at}: there is no function `{slice}` with {many} arguments; {hint}")
                }
            }
        }
        _ => format!("{at}: `{slice}` is not known"),
    }
}
