//! The face of expressions: compile once, then map or test every record.

use super::jq::{Engine, parse};
use super::native::Plan;

/// jaq's compiler recurses over the expression, and the longest ones allowed need more than the
/// usual stack of a thread.
const COMPILE_STACK: usize = 32 << 20;

/// A compiled jq expression; it can be sent to and cloned for other threads.
#[derive(Clone, Debug)]
pub struct Expression {
    engine: Engine,
    plan: Option<Plan>,
}

impl Expression {
    /// Compiles jq text; the error says what is wrong, where, and what to write instead.
    pub fn compile(text: &str) -> Result<Self, String> {
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().stack_size(COMPILE_STACK);
            let thread = builder
                .spawn_scoped(scope, || Self::compile_here(text))
                .map_err(|error| format!("cannot start a thread to compile: {error}"))?;
            thread.join().unwrap_or_else(|_| Err("the expression cannot be compiled".to_owned()))
        })
    }

    fn compile_here(text: &str) -> Result<Self, String> {
        let syntax = parse(text)?;
        let plan = Plan::recognise(text, &syntax);
        Ok(Self { engine: Engine::compile(text, syntax)?, plan })
    }

    /// Whether `map` runs without jq.
    pub fn is_native(&self) -> bool {
        self.plan.is_some()
    }

    /// Appends every output of the expression for this record as a line of compact JSON
    /// and tells how many there were. On errors `out` is left as it was.
    pub fn map(&self, line: &[u8], out: &mut Vec<u8>) -> Result<u64, String> {
        check_one_line(line)?;
        let Some(plan) = &self.plan else { return self.engine.map(line, out) };
        let start = out.len();
        let result = plan.map(line, out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// Whether the first output for this record is neither false nor null; no output is false.
    pub fn test(&self, line: &[u8]) -> Result<bool, String> {
        check_one_line(line)?;
        match &self.plan {
            Some(plan) if plan.can_test() => plan.test(line),
            _ => self.engine.test(line),
        }
    }

    #[cfg(test)]
    pub(super) fn without_plan(mut self) -> Self {
        self.plan = None;
        self
    }
}

/// Parts of records are copied as they are, so a line feed would break the output in two.
fn check_one_line(line: &[u8]) -> Result<(), String> {
    if line.contains(&b'\n') {
        return Err("the record has a line feed in it; a record is one line of JSON".to_owned());
    }
    Ok(())
}
