//! Small summaries for tests.

use crate::summary::{
    BadRows, Column, Estimate, Histogram, Kind, Numbers, Quantile, SourceFacts, Summary, TopValue,
    Votes,
};

pub(crate) const HOSTILE: &str = "</svg><script>alert(\"1\")</script>&amp;'\u{0}\u{1b}\u{202e}]]>";

pub(crate) fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        votes: Votes::default(),
        nulls: 0,
        invalid_utf8: 0,
        distinct: Estimate { value: 0, error: 0.0 },
        numbers: None,
        quantiles: Vec::new(),
        histogram: None,
        top: Vec::new(),
        text: None,
        time: None,
    }
}

pub(crate) fn value_column() -> Column {
    let numbers = Numbers {
        min: 0.4,
        max: 99.1,
        sum: 4800.0,
        mean: 48.0,
        std: 12.0,
        skewness: 0.1,
        zeros: 0,
        negatives: 0,
        outliers: 2,
    };
    Column {
        numbers: Some(numbers),
        quantiles: vec![
            Quantile { p: 0.25, value: 41.0, error: 0.0 },
            Quantile { p: 0.5, value: 48.0, error: 0.0 },
            Quantile { p: 0.999, value: 99.0, error: 0.004 },
        ],
        histogram: Some(Histogram {
            edges: vec![0.0, 20.0, 40.0, 60.0, 80.0, 100.0],
            counts: vec![4, 16, 58, 17, 5],
            error: 0.0,
        }),
        distinct: Estimate { value: 97, error: 0.016 },
        ..column("value", Kind::Float)
    }
}

pub(crate) fn text_column(name: &str, values: &[(&str, u64)]) -> Column {
    let top = |(value, count): &(&str, u64)| TopValue {
        value: (*value).to_owned(),
        count: *count,
        error: 0,
    };
    Column {
        distinct: Estimate { value: values.len() as u64, error: 0.0 },
        top: values.iter().map(top).collect(),
        ..column(name, Kind::Text)
    }
}

pub(crate) fn summary(columns: Vec<Column>) -> Summary {
    Summary {
        summary_version: 1,
        source: SourceFacts {
            name: "data_7".to_owned(),
            file: "data_7.csv".to_owned(),
            bytes: 5700,
            sha256: Some("00ff".to_owned()),
            encoding: "utf-8".to_owned(),
            delimiter: Some(",".to_owned()),
        },
        rows: 100,
        bad_rows: BadRows::default(),
        metadata_check: None,
        columns,
    }
}
