//! The one expression language (jq) behind one small face, and text templates.
//! Simple expressions run natively on the bytes of a record, all others in jq; both mean the same.
//! Every evaluation is bounded in steps, time, memory and depth. Files and networks are not here.

mod budget;
mod expression;
mod jq;
mod native;
mod template;
mod value;

#[cfg(test)]
mod tests;

pub use expression::Expression;
pub use template::Template;
