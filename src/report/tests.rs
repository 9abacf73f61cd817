//! Pages stand alone, say everything, and let no text out of its place.

use super::*;
use crate::charts::sample::{HOSTILE, column, summary, text_column, value_column};
use crate::summary::{BadRow, BadRows, Kind, MetadataCheck, Summary, TimeFacts};

fn full() -> Summary {
    let mut time = column("created_at", Kind::Time);
    time.time = Some(TimeFacts {
        first: "2026-03-03T08:00:00Z".to_owned(),
        last: "2026-03-05T19:42:10Z".to_owned(),
        span_seconds: 214_930.0,
        largest_gap_seconds: 5400.0,
        out_of_order: 1,
    });
    let city = text_column("city", &[("Berlin", 60), ("Wien", 40)]);
    let mut full = summary(vec![value_column(), city, time, column("notes", Kind::Empty)]);
    let reason = "7 fields instead of 6".to_owned();
    full.bad_rows = BadRows { count: 3, first: vec![BadRow { line: 118, byte: 6532, reason }] };
    full.metadata_check = Some(MetadataCheck {
        agrees: false,
        disagreements: vec!["The metadata says 102 rows, the file has 100.".to_owned()],
    });
    full
}

fn hostile() -> Summary {
    let mut hostile = full();
    hostile.source.name = HOSTILE.to_owned();
    hostile.source.file = HOSTILE.to_owned();
    hostile.source.sha256 = Some(HOSTILE.to_owned());
    hostile.bad_rows.first[0].reason = HOSTILE.to_owned();
    hostile.metadata_check =
        Some(MetadataCheck { agrees: false, disagreements: vec![HOSTILE.to_owned()] });
    for column in &mut hostile.columns {
        column.name = HOSTILE.to_owned();
    }
    hostile.columns.push(text_column(HOSTILE, &[(HOSTILE, 2)]));
    hostile
}

/// The page as XML, once what HTML leaves open is closed.
fn as_xml(page: &str) -> String {
    let mut xml = page.replace("<!DOCTYPE html>", "").replace("<br>", "<br/>");
    let mut from = 0;
    while let Some(start) = xml[from..].find("<meta ").map(|at| at + from) {
        let end = xml[start..].find('>').unwrap() + start;
        xml.insert(end, '/');
        from = end;
    }
    xml
}

fn assert_stands_alone(page: &str) {
    for forbidden in ["<script", "http://", "https://", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let xml = as_xml(page);
    let document = roxmltree::Document::parse(&xml).expect("every element is closed");
    let mut ids: Vec<&str> =
        document.descendants().filter_map(|node| node.attribute("id")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "every id is unique");
    let known = |id: &str| ids.binary_search(&id).is_ok();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let named = node.attribute("aria-labelledby").unwrap_or("").split_whitespace();
        named.for_each(|id| assert!(known(id), "{id} is missing"));
        if let Some(target) = node.attribute("href").and_then(|link| link.strip_prefix('#')) {
            assert!(known(target), "{target} is missing");
        }
        if node.has_tag_name("th") {
            assert!(node.has_attribute("scope"));
        }
        if node.has_tag_name("table") {
            assert!(node.children().any(|child| child.has_tag_name("caption")));
        }
    }
}

#[test]
fn a_report_stands_alone_and_is_sound() {
    let context = ReportContext {
        index: Some("index.html".to_owned()),
        previous: Some(PageLink::new("data_6", "report_6.html")),
        next: Some(PageLink::new("data_8", "report_8.html")),
        quality: None,
    };
    let page = report_html(&full(), &context);
    assert_stands_alone(&page);
    assert_eq!(page, report_html(&full(), &context));
    for link in ["./index.html", "./report_6.html", "./report_8.html"] {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
    }
}

#[test]
fn a_report_says_all_that_the_summary_knows() {
    let page = report_html(&full(), &ReportContext::default());
    let facts = [
        "data_7",
        "data_7.csv",
        "100 rows in 4 columns",
        "5.7\u{a0}kB",
        "00ff",
        "comma",
        "failed",
        "The metadata says 102 rows",
        "3 rows could not be read",
        "118",
        "7 fields instead of 6",
        "is empty in every row",
        "exact",
        "±\u{a0}0.4\u{a0}%",
        "97 ±\u{a0}1.6\u{a0}%",
        "value of 100 rows, 0.4 to 99.1, median 48",
        "Berlin",
        "2.5 days",
        "1.5 hours",
        "1 row is earlier than the one above",
    ];
    for fact in facts {
        assert!(page.contains(fact), "{fact}");
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let summary = hostile();
    let context = ReportContext {
        previous: Some(PageLink::new(HOSTILE, "javascript:alert(1)")),
        next: Some(PageLink::new(HOSTILE, "//example.org/\"><script>")),
        ..ReportContext::default()
    };
    let page = report_html(&summary, &context);
    assert_stands_alone(&page);
    assert!(page.contains("href=\"./javascript%3Aalert%281%29\""));
    assert!(page.contains("href=\"./example.org/%22%3E%3Cscript%3E\""));
    let mut entry = IndexEntry::from_summary(&summary, HOSTILE);
    entry.finished = Some(HOSTILE.to_owned());
    assert_stands_alone(&index_html(&[entry.clone(), entry]));
}

#[test]
fn an_index_is_rebuilt_from_the_entries_a_log_kept() {
    let mut entries: Vec<IndexEntry> = (1..=30)
        .map(|number| {
            let mut summary = summary(vec![value_column()]);
            summary.source.name = format!("data_{number}");
            summary.rows = 100 + number;
            IndexEntry::from_summary(&summary, &format!("report_{number}.html"))
        })
        .collect();
    entries[4].finished = Some("2026-03-05 08:50".to_owned());
    let line = |entry: &IndexEntry| serde_json::to_string(entry).unwrap();
    let log: Vec<String> = entries.iter().map(line).collect();
    let kept: Vec<IndexEntry> =
        log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let page = index_html(&kept);
    assert_eq!(page, index_html(&entries));
    assert_stands_alone(&page);
    assert!(page.contains("3,465"), "the rows are summed up");
    let place = |name: &str| page.find(&format!(">{name}</a>")).unwrap();
    assert!(place("data_30") < place("data_2"), "the newest comes first");
    assert!(page.contains("2026-03-05 08:50"));
}

#[test]
fn empty_inputs_make_whole_pages() {
    assert_stands_alone(&index_html(&[]));
    let mut nothing = summary(Vec::new());
    nothing.rows = 0;
    assert_stands_alone(&report_html(&nothing, &ReportContext::default()));
    let entry = IndexEntry::from_summary(&nothing, "report.html");
    assert_eq!(entry.quality.verdict, Verdict::Warn);
    assert_stands_alone(&index_html(&[entry.clone(), entry]));
}

#[test]
fn the_verdict_follows_from_the_facts() {
    let mut summary = summary(vec![value_column()]);
    assert_eq!(quality_of(&summary).verdict, Verdict::Ok);
    summary.bad_rows.count = 1;
    assert_eq!(quality_of(&summary).verdict, Verdict::Warn);
    summary.bad_rows.count = 5;
    assert_eq!(quality_of(&summary).verdict, Verdict::Fail);
    summary.bad_rows.count = 0;
    summary.metadata_check = Some(MetadataCheck { agrees: false, disagreements: Vec::new() });
    assert_eq!(quality_of(&summary).verdict, Verdict::Fail);
}

#[test]
fn a_judgement_made_elsewhere_wins() {
    let reasons = vec!["Drifted from the day before.".to_owned()];
    let quality = Some(Quality { verdict: Verdict::Warn, reasons });
    let context = ReportContext { quality, ..ReportContext::default() };
    let page = report_html(&full(), &context);
    assert!(page.contains("Drifted from the day before.") && !page.contains("✗"));
}
