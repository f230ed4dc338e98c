//! The report of a run: counts in JSON and HTML, the chart, and no person in it.

use sekisho::domain::difference::{Cause, CauseSums, Class, ReconcileSums, Sum};
use sekisho::domain::fault::Lang;
use sekisho::domain::ids::PartyId;
use sekisho::report::reconciliation::{Ages, Extract, Point, Report, age_band, chart, html, json};

use super::classes::at;
use crate::rules::town::{AKITA, day};

fn report() -> Report {
    let mut sums = ReconcileSums::default();
    let mut causes = CauseSums::default();
    for _ in 0..40 {
        sums.count(Sum::Match);
    }
    for (class, cause) in [
        (Class::Diff, Cause::KanaForm),
        (Class::OnlyInMaster, Cause::TrueDifference),
    ] {
        sums.count(Sum::Of(class));
        causes.count(cause);
    }
    sums.count(Sum::Of(Class::Invalid));
    Report {
        day: day("20200914"),
        generation: 12,
        extracts: vec![Extract {
            party: PartyId::parse(AKITA).unwrap(),
            name: "秋田市 <&>".to_owned(),
            serial: 3,
            base_at: at("0830"),
            is_full: true,
            records: 42,
            sums,
            causes,
            pairs: 1,
            events: [2, 5, 3, 1],
        }],
        open: vec![Ages {
            class: Class::Diff,
            counts: [1, 0, 4, 2],
        }],
        trend: vec![
            Point {
                day: day("20200801"),
                open: 20,
            },
            Point {
                day: day("20200914"),
                open: 5,
            },
        ],
    }
}

#[test]
fn json_has_every_count() {
    let value = json(&report());
    assert_eq!(value["business_date"], "2020-09-14");
    assert_eq!(value["sums"]["match"], 40);
    assert_eq!(value["sums"]["only_in_master"], 1);
    assert_eq!(value["causes"]["kana_form"], 1);
    assert_eq!(value["causes"]["notice_after"], 0);
    let extract = &value["extracts"][0];
    assert_eq!((&extract["scope"], &extract["records"]), (&"F".into(), &42.into()));
    assert_eq!(extract["events"]["recurring"], 1);
    assert_eq!(value["open"][0]["ages"], serde_json::json!([1, 0, 4, 2]));
    assert_eq!(value["trend"][1]["open"], 5);
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_fits_a4() {
    for (lang, title) in [(Lang::Ja, "整合性確認の結果"), (Lang::En, "Reconciliation")] {
        let page = html(&report(), lang);
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains(title));
        assert!(page.contains("@page{size:A4"));
        assert!(page.contains("秋田市 &lt;&amp;&gt;") && !page.contains("<&>"));
        for foreign in ["<script", "href", "src=", "url(", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!(page.matches("<svg").count(), 1);
        for tag in ["table", "thead", "tbody", "tr", "td", "th", "svg", "body", "html"] {
            let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
            let opened = page.matches(&open).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&close).count(), "{tag}");
        }
    }
}

#[test]
fn causes_of_form_are_counted_apart() {
    let page = html(&report(), Lang::En);
    let (form, rest) = page
        .split_once("Likely causes: form only")
        .unwrap()
        .1
        .split_once("Likely causes: all others")
        .unwrap();
    for cause in Cause::ALL {
        let words = cause.row().en;
        assert_eq!(form.contains(words), cause.is_of_form(), "{words}");
        assert_eq!(rest.contains(words), !cause.is_of_form(), "{words}");
    }
}

#[test]
fn the_chart_spans_its_days_and_its_greatest_count() {
    let svg = chart(&report().trend, Lang::En);
    // The first point is the greatest: top left; the last is a quarter of it, at the right edge.
    assert!(svg.contains("points=\"60,10 630,115\""), "{svg}");
    assert!(svg.contains(">20</text>") && svg.contains(">2020-08-01</text>") && svg.contains(">2020-09-14</text>"));
    assert_eq!(chart(&[], Lang::En), "");
    let one = [Point {
        day: day("20200801"),
        open: 0,
    }];
    assert!(chart(&one, Lang::Ja).contains("points=\"60,150\""));
}

#[test]
fn ages_fall_into_bands() {
    let today = day("20201001");
    for (since, band) in [
        ("20201001", 0),
        ("20200924", 0),
        ("20200923", 1),
        ("20200901", 1),
        ("20200831", 2),
        ("20200703", 2),
        ("20200702", 3),
        ("20100101", 3),
    ] {
        assert_eq!(age_band(day(since), today), band, "{since}");
    }
}
