//! The contract of panels: the parts that a view's page is made of.

/// Shows the numbers in one field of all records, as a piece of a page and as data. It never sees a clock, a
/// network or another panel.
pub trait Panel: Send {
    /// The field whose numbers it shows.
    fn field(&self) -> &str;

    /// The same numbers give the same bytes. Ids in the markup begin with the frame's.
    fn draw(&self, frame: &Frame, numbers: &[f64]) -> Drawn;
}

/// What a panel is told about the page around it.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// Different for every panel of a page.
    pub id: &'a str,
    /// What the records are, in the plural: `users`.
    pub records: &'a str,
}

/// A panel for one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// HTML. What changes stands in elements with an id and `data-live`, the rest stays while the page is open.
    pub markup: String,
    /// A picture of its own, as an SVG file.
    pub svg: Option<String>,
    pub data: serde_json::Value,
}
