//! Makes every loop of an expression count: work can only multiply where one thing gives several
//! outputs, so a counting step beside each such place bounds all work.

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::native::Fun;
use jaq_core::path::{Part, Path};
use jaq_core::{Cv, DataT, Exn, Native};

use super::super::budget;

/// Not a word of jq, so no expression can use or hide it.
const COUNT: &str = "!count";

type Tree<'s> = Term<&'s str>;

/// Counts a step and passes its input on; ends the evaluation when a bound is reached.
/// It ends it with jaq's `halt`, which, unlike an error, `try` cannot catch.
pub(super) fn count_function<D: DataT>() -> Fun<D> {
    let run = Native::new(|cv: Cv<'_, D>| if may_go_on() { box_once(Ok(cv.1)) } else { halted() });
    let native = run
        .with_paths(|cv| if may_go_on() { box_once(Ok(cv.1)) } else { halted() })
        .with_update(|cv, update| {
            if !may_go_on() {
                return halted();
            }
            // Both making the outputs and taking them may recurse into the next assignment.
            let Some(mut outputs) = budget::nest(|| update(cv.1)) else { return halted() };
            Box::new(std::iter::from_fn(move || {
                budget::nest(|| outputs.next()).unwrap_or_else(|| Some(Err(Exn::halt(0))))
            }))
        });
    (COUNT, Box::default(), native)
}

fn may_go_on() -> bool {
    budget::spend(1);
    budget::reached().is_none()
}

fn halted<'a, T: 'a, V: 'a>() -> BoxIter<'a, Result<T, Exn<'a, V>>> {
    box_once(Err(Exn::halt(0)))
}

fn count_then(term: Tree<'_>) -> Tree<'_> {
    pipe(Term::Call(COUNT, Vec::new()), term)
}

fn then_count(term: Tree<'_>) -> Tree<'_> {
    pipe(term, Term::Call(COUNT, Vec::new()))
}

fn pipe<'s>(left: Tree<'s>, right: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

pub(super) fn bound_definition(definition: Def<&str>) -> Def<&str> {
    Def { body: bound(definition.body), ..definition }
}

pub(super) fn bound(term: Tree<'_>) -> Tree<'_> {
    match term {
        Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
        Term::Recurse => then_count(term),
        Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(bound_text).collect()),
        Term::Arr(inner) => Term::Arr(inner.map(|inner| bound_box(*inner))),
        Term::Obj(members) => Term::Obj(
            members.into_iter().map(|(key, value)| (bound(key), value.map(bound))).collect(),
        ),
        Term::Neg(inner) => Term::Neg(bound_box(*inner)),
        // Before the branches, not after, so that jaq still sees its tail calls.
        Term::BinOp(left, BinaryOp::Comma, right) => {
            let (left, right) = (count_then(bound(*left)), count_then(bound(*right)));
            Term::BinOp(Box::new(left), BinaryOp::Comma, Box::new(right))
        }
        Term::BinOp(left, operator, right) => {
            Term::BinOp(bound_box(*left), bound_operator(operator), bound_box(*right))
        }
        Term::Label(name, inner) => Term::Label(name, bound_box(*inner)),
        Term::Fold(name, source, pattern, arguments) => {
            let source = bound_box(*source);
            Term::Fold(name, source, bound_pattern(pattern), bound_fold(arguments))
        }
        Term::TryCatch(inner, catch) => {
            Term::TryCatch(bound_box(*inner), catch.map(|catch| bound_box(*catch)))
        }
        Term::IfThenElse(branches, otherwise) => Term::IfThenElse(
            branches.into_iter().map(|(when, then)| (bound(when), bound(then))).collect(),
            otherwise.map(|inner| bound_box(*inner)),
        ),
        Term::Def(definitions, inner) => {
            Term::Def(definitions.into_iter().map(bound_definition).collect(), bound_box(*inner))
        }
        Term::Call(name, arguments) => {
            let call = Term::Call(name, arguments.into_iter().map(bound).collect());
            if name == "range" { then_count(call) } else { call }
        }
        Term::Path(base, path) => bound_path(*base, path),
    }
}

/// Counts after the update as well: as the target of an assignment, a fold recurses through it.
fn bound_fold(arguments: Vec<Tree<'_>>) -> Vec<Tree<'_>> {
    let bounded = arguments.into_iter().map(bound).enumerate();
    bounded.map(|(index, term)| if index == 1 { then_count(term) } else { term }).collect()
}

fn bound_path<'s>(base: Tree<'s>, path: Path<Tree<'s>>) -> Tree<'s> {
    let iterates = path.0.iter().any(|(part, _)| matches!(part, Part::Range(None, None)));
    let parts = path.0.into_iter().map(|(part, opt)| {
        let part = match part {
            Part::Index(index) => Part::Index(bound(index)),
            Part::Range(from, to) => Part::Range(from.map(bound), to.map(bound)),
        };
        (part, opt)
    });
    let term = Term::Path(Box::new(bound(base)), Path(parts.collect()));
    if iterates { then_count(term) } else { term }
}

fn bound_box(term: Tree<'_>) -> Box<Tree<'_>> {
    Box::new(bound(term))
}

fn bound_text<'s>(part: StrPart<&'s str, Tree<'s>>) -> StrPart<&'s str, Tree<'s>> {
    match part {
        StrPart::Term(term) => StrPart::Term(bound(term)),
        other => other,
    }
}

fn bound_operator(operator: BinaryOp<&str>) -> BinaryOp<&str> {
    match operator {
        BinaryOp::Pipe(Some(pattern)) => BinaryOp::Pipe(Some(bound_pattern(pattern))),
        other => other,
    }
}

fn bound_pattern(pattern: Pattern<&str>) -> Pattern<&str> {
    match pattern {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(bound_pattern).collect()),
        Pattern::Obj(members) => Pattern::Obj(
            members.into_iter().map(|(key, value)| (bound(key), bound_pattern(value))).collect(),
        ),
    }
}
