//! A description of generated values as it stands in the stack file, without places in the text.

/// A small tree: what YAML gives, scalars as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    Text(String),
    List(Vec<Spec>),
    Map(Vec<(String, Spec)>),
}
